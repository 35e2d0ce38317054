"""BTS against its authors' answers, its planes, its focal length, and what its files may hold."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import mde.nets.bts as bts
from mde.domain import DRIVING, INDOOR
from mde.errors import InputError
from mde.nets.bts import ALLOWED, REFERENCE_FOCAL_PX, Bts, Encoder, load_bts, size_fault
from mde.nets.plane_guidance import plane_depth
from mde.nets.weights import read_torch_weights
from tests.mde.seeded import recorded_answers, seeded_file


def test_a_plane_that_faces_the_camera_has_one_depth() -> None:
    numbers = torch.tensor([-100.0, 0.0, math.log(3.0)]).view(1, 3, 1, 1)  # tilt 0, distance 3/4 of the largest
    torch.testing.assert_close(plane_depth(numbers, 4, 8.0), torch.full((1, 1, 4, 4), 6.0))


def test_a_tilted_plane_meets_the_rays_of_its_cell() -> None:
    numbers = torch.tensor([0.0, -100.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 2, 3)  # 30 degrees to the right
    depth_m = plane_depth(numbers, 2, 10.0)
    u = torch.tensor([-0.25, 0.25])
    row = 5.0 / (0.5 * u + math.cos(math.pi / 6))
    assert depth_m.shape == (1, 1, 4, 6)
    torch.testing.assert_close(depth_m[0, 0], row.repeat(3).expand(4, 6))


@pytest.mark.parametrize(
    ("height", "width", "nearest"), [(480, 639, "480x640"), (375, 1242, "384x1248"), (8, 32, "32x32")]
)
def test_other_sizes_than_multiples_of_32_are_refused_with_the_nearest(height: int, width: int, nearest: str) -> None:
    assert size_fault(height, width) == f"both sides must be multiples of 32, as {nearest}"
    assert size_fault(352, 1216) is None and size_fault(480, 640) is None


@pytest.mark.parametrize("backbone", ["densenet161", "resnet50"])
def test_features_halve_five_times(backbone: str) -> None:
    encoder = Encoder(backbone).eval()
    with torch.no_grad():
        features = encoder(torch.zeros(1, 3, 32, 64))
    assert [tuple(map_.shape[1:]) for map_ in features] == [
        (channels, 32 >> step, 64 >> step) for step, channels in enumerate(encoder.channels, 1)
    ]


@pytest.fixture(scope="module")
def seeded() -> Bts:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Bts("resnet50", 80.0, None).eval()


def published(core: Bts, path: Path, steps: object) -> Path:
    state = {f"module.{key}": tensor for key, tensor in core.state_dict().items()}
    state["module.encoder.base_model.fc.weight"] = torch.zeros(10, 2048)
    state["module.encoder.base_model.fc.bias"] = torch.zeros(10)
    torch.save({"global_step": 3, "model": state, "optimizer": {}, "best_eval_steps": steps}, path)
    return path


def test_only_the_driving_network_scales_with_the_focal_length(
    seeded: Bts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = published(seeded, tmp_path / "model", np.zeros(9, np.int32))
    driving = load_bts(path, DRIVING)
    assert driving.core.focal_px == driving.spec.focal_px == 721.5377
    image = torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        plain_m = seeded(image).depth_m
        torch.testing.assert_close(driving(image).depth_m, plain_m * (721.5377 / REFERENCE_FOCAL_PX))
    assert not driving.training and not any(parameter.requires_grad for parameter in driving.parameters())
    assert driving.spec.framing.frame_size == (375, 1242) and driving.spec.native_size == (352, 1216)
    monkeypatch.setattr(bts, "load_strictly", lambda *_, **__: None)  # once is enough
    indoor = load_bts(path, INDOOR)
    assert indoor.core.focal_px is None and indoor.spec.focal_px is None


class Intruder:
    """An object whose unpickling would make a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_arrays_of_int32_are_read_and_nothing_else_is_built(tmp_path: Path) -> None:
    tensors = {"weight": torch.ones(2)}
    path, trace = tmp_path / "model", tmp_path / "trace"
    torch.save({"model": tensors, "best_eval_steps": np.zeros(9, np.int32)}, path)
    assert list(read_torch_weights(path, entry="model", allowed=ALLOWED)) == ["weight"]
    with pytest.raises(InputError, match="more than torch reads safely"):
        read_torch_weights(path, entry="model")  # the list is of this teacher alone, and gone after use
    for extra in (np.zeros(3, np.float64), np.array([Intruder(trace)]), Intruder(trace)):
        torch.save({"model": tensors, "extra": extra}, path)
        with pytest.raises(InputError, match="more than torch reads safely"):
            read_torch_weights(path, entry="model", allowed=ALLOWED)
    assert not trace.exists()


def test_missing_file_is_named_with_its_publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDE_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"bts_nyu_v2_pytorch_densenet161/model or .* github.com/cleinc/bts"):
        load_bts(None, INDOOR)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["densenet161", "resnet50"])
def test_seeded_file_answers_as_the_authors_network_does(shared: Path, tmp_path: Path, backbone: str) -> None:
    path = seeded_file(shared, f"bts_{backbone}", tmp_path / "model")
    cases = list(recorded_answers(shared, f"bts_{backbone}"))
    assert [case for case, _, _ in cases] == ["352x416_nyu", "352x704_kitti"]
    for case, image, expected in cases:
        net = load_bts(path, DRIVING if case.endswith("kitti") else INDOOR)
        assert net.spec.focal_px in (None, expected["focal"].item())
        with torch.no_grad():
            output = net(image)
        error_m = (output.depth_m - expected["depth"]).abs().max()
        assert error_m <= 1e-4 * net.spec.depth_range_m[1]  # worst seen: 2e-6 of the range
