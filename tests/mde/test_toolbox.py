"""Networks of the Monocular-Depth-Estimation-Toolbox: against its own answers, its files, and what it does last."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mde.domain import DRIVING, INDOOR, DomainName
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.bts import size_fault as bts_size_fault
from mde.nets.toolbox import DESCENDED_LICENCE, LICENCE, Depther, any_size, read_toolbox_weights
from mde.nets.toolbox_adabins import size_fault as adabins_size_fault
from tests.mde.seeded import recorded_answers, seeded_file

NAMES = {"indoor": ("rooms.pth",)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("teacher", "stem", "domain", "num_tensors", "worst_m", "licence"),
    [
        # Worst seen on CPUs: 4e-3 (0 with the sums in the authors' order), 1e-4 and 1.3e-5 m, of 80, 80 and 10 m.
        ("toolbox-adabins", "toolbox_adabins_kitti", "driving", 967, 8e-3, DESCENDED_LICENCE),
        ("toolbox-bts", "toolbox_bts_r50_kitti", "driving", 429, 3e-4, DESCENDED_LICENCE),
        ("depthformer", "toolbox_depthformer_swint_nyu", "indoor", 312, 4e-5, LICENCE),
    ],
)
def test_seeded_files_answer_as_the_authors_networks_do(
    shared: Path,
    tmp_path: Path,
    teacher: str,
    stem: str,
    domain: DomainName,
    num_tensors: int,
    worst_m: float,
    licence: str,
) -> None:
    net = load_teacher(teacher, seeded_file(shared, stem, tmp_path / "seeded.pth"), domain)
    assert len(net.core.state_dict()) == num_tensors
    assert (net.spec.name, net.spec.domain, net.spec.kind, net.spec.licence) == (teacher, domain, "metric", licence)
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    cases = list(recorded_answers(shared, stem))
    assert cases
    for _, image, expected in cases:
        with torch.no_grad():
            output = net(image)
        torch.testing.assert_close(output.depth_m, expected["depth"], rtol=0.0, atol=worst_m)
        torch.testing.assert_close(output.raw, expected["head_raw"], rtol=0.0, atol=worst_m)


# What all of them share


class Columns(nn.Module):
    """A head whose answer is the column's number at half size, from -1."""

    def forward(self, image: Tensor) -> Tensor:
        width = image.shape[-1] // 2
        return (torch.arange(width).float() - 1).expand(len(image), 1, image.shape[-2] // 2, width)


def test_answers_are_clamped_before_they_are_resized_corners_on_corners() -> None:
    depther = Depther(backbone=nn.Identity(), neck=nn.Identity(), decode_head=Columns(), depth_range_m=(0.5, 4.0))
    output = depther(torch.zeros(2, 3, 8, 16))
    expected = np.interp(np.linspace(0, 7, 16), np.arange(8), np.clip(np.arange(8.0) - 1, 0.5, 4.0))
    np.testing.assert_allclose(output.depth_m[1, 0, 3].numpy(), expected, rtol=1e-6)
    assert output.raw is not None and output.raw.min() == -1 and output.raw.max() == 6


def test_normalisation_happens_inside() -> None:
    head = nn.Conv2d(3, 1, 1, bias=False)
    nn.init.ones_(head.weight)
    depther = Depther(backbone=nn.Identity(), neck=nn.Identity(), decode_head=head, depth_range_m=(-99.0, 99.0))
    image = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) + torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    torch.testing.assert_close(depther(image.expand(1, 3, 4, 4)).depth_m, torch.full((1, 1, 4, 4), 3.0))


# Files


def checkpoint(**meta: object) -> dict[str, object]:
    return {"meta": {"epoch": 24, **meta}, "state_dict": {"weight": torch.ones(2)}, "optimizer": {"state": {}}}


@pytest.mark.parametrize("spelling", [b"cnumpy.core.multiarray\nscalar\n", b"cnumpy._core.multiarray\nscalar\n"])
def test_a_numpy_score_is_read_past_in_the_spelling_of_either_numpy(tmp_path: Path, spelling: bytes) -> None:
    path = tmp_path / "seeded.pth"
    torch.save(checkpoint(best_score=np.float64(0.05)), path, _use_new_zipfile_serialization=False)
    written = path.read_bytes()
    known = [
        name for name in (b"cnumpy.core.multiarray\nscalar\n", b"cnumpy._core.multiarray\nscalar\n") if name in written
    ]
    assert len(known) == 1, "the file says where numpy keeps its scalars"
    path.write_bytes(written.replace(known[0], spelling))
    source = read_toolbox_weights("deep", path, INDOOR, names=NAMES)
    assert list(source.state) == ["weight"] and torch.equal(source.state["weight"], torch.ones(2))


def test_tensors_alone_are_read_too(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "seeded.pth")
    assert list(read_toolbox_weights("deep", tmp_path / "seeded.pth", INDOOR, names=NAMES).state) == ["weight"]


class Intruder:
    """An object whose unpickling would make a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_other_objects_are_refused_and_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "seeded.pth", tmp_path / "trace"
    for extra in (Intruder(trace), datetime.date(2022, 3, 1), np.zeros(2, dtype=np.int32)):
        torch.save(checkpoint(extra=extra), path)
        with pytest.raises(InputError, match="holds more than torch reads safely") as caught:
            read_toolbox_weights("deep", path, INDOOR, names=NAMES)
        assert "\n" not in str(caught.value)
    assert not trace.exists()


def test_a_missing_file_and_a_foreign_domain_are_refused_with_the_way_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MDE_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"needs rooms.pth: .* github.com/zhyever/Monocular-Depth-Estimation-Toolbox"):
        read_toolbox_weights("deep", None, INDOOR, names=NAMES)
    with pytest.raises(InputError, match="teacher deep knows the domains indoor, got 'driving'"):
        read_toolbox_weights("deep", tmp_path / "rooms.pth", DRIVING, names=NAMES)


@pytest.mark.parametrize("teacher", ["toolbox-adabins", "toolbox-bts", "depthformer"])
def test_weights_of_another_network_are_refused(tmp_path: Path, teacher: str) -> None:
    path = tmp_path / "other.pth"
    torch.save(checkpoint(), path)
    with pytest.raises(InputError, match="weights of another network") as caught:
        load_teacher(teacher, path, "driving")
    assert "\n" not in str(caught.value)


def test_sizes_that_a_network_takes() -> None:
    assert all(fault(480, 640) is None and fault(352, 1216) is None for fault in (adabins_size_fault, bts_size_fault))
    assert any_size(33, 47) is None and any_size(31, 640) is not None
    assert bts_size_fault(480, 641) is not None and bts_size_fault(470, 640) is not None
    assert adabins_size_fault(256, 320) is not None and adabins_size_fault(720, 1280) is not None
