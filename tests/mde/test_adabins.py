"""AdaBins against its authors' answers, its sizes, and the forms in which its file exists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import mde.nets.adabins as adabins
from mde.domain import DOMAINS, DRIVING, INDOOR
from mde.errors import InputError
from mde.nets.adabins import RENAMES, TRAININGS, AdaBins, Dims, bin_edges, load_adabins
from mde.nets.renames import renamed
from mde.nets.weights_file import SOURCE
from tests.mde.seeded import recorded_answers, seeded_file

SMALL = Dims(backbone="tf_efficientnet_b0", decoder_channels=64, channels=8, patch=4)
IMAGE = (64, 96)


@pytest.fixture(scope="module")
def core() -> AdaBins:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AdaBins((1e-3, 10.0), 12, SMALL).eval()


def picture(height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def test_depth_is_the_half_size_answer_with_corners_on_corners(core: AdaBins) -> None:
    with torch.no_grad():
        output = core(picture(*IMAGE))
    assert output.raw.shape == (1, 1, 32, 48) and output.depth_m.shape == (1, 1, *IMAGE)
    torch.testing.assert_close(output.depth_m[..., ::63, ::95], output.raw[..., ::31, ::47])
    assert output.bin_edges.shape == (1, 13)
    assert output.bin_edges[0, 0] == pytest.approx(1e-3) and output.bin_edges[0, -1] == pytest.approx(10.0)
    assert bool((output.bin_edges.diff() > 0).all())


def test_every_batchnorm_runs_so_that_all_statistics_can_be_matched(core: AdaBins) -> None:
    norms = [module for module in core.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    seen: list[object] = []
    handles = [norm.register_forward_pre_hook(lambda module, _: seen.append(module)) for norm in norms]
    with torch.no_grad():
        core(picture(*IMAGE))
    for handle in handles:
        handle.remove()
    assert len(norms) > 50 and seen.count(core.encoder.original_model.bn2) == 1 and set(seen) == set(norms)


def test_edges_end_where_the_range_ends() -> None:
    edges = bin_edges(torch.tensor([[0.5, 0.25, 0.25]]), (1.0, 9.0))
    torch.testing.assert_close(edges, torch.tensor([[1.0, 5.0, 7.0, 9.0]]))


@pytest.mark.parametrize(
    ("size", "is_possible"),
    [((384, 384), True), ((480, 640), True), ((352, 1216), True), ((375, 1242), True), ((480, 1024), True)]
    + [((256, 320), False), ((352, 352), False), ((720, 1280), False), ((512, 1024), False), ((16, 640), False)],
)
def test_sizes_are_those_with_enough_and_not_too_many_patches(
    core: AdaBins, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], is_possible: bool
) -> None:
    monkeypatch.setattr(core, "dims", Dims())
    assert (core.size_fault(*size) is None) == is_possible


def test_the_heights_that_a_refusal_names_are_the_limits(core: AdaBins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "dims", Dims())
    assert core.size_fault(256, 320) == (
        "its half-size map must hold 129 to 500 patches of 16x16, as at 480x640; heights 415 to 1630 at this width"
    )
    assert core.size_fault(415, 320) is None and core.size_fault(1630, 320) is None
    assert core.size_fault(414, 320) and core.size_fault(1631, 320)


# The file


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adabins, "Dims", lambda: SMALL)


def test_old_and_new_names_with_and_without_prefix_give_one_network(
    core: AdaBins, small_files: None, tmp_path: Path
) -> None:
    new = core.state_dict()
    old = {
        key.replace(".conv3x3.", ".embedding_conv.").replace(".embedding_convPxP.", ".embedding_encoder."): tensor
        for key, tensor in new.items()
    }
    assert set(old) != set(new)
    released = {f"module.{key}": tensor for key, tensor in old.items()}
    for state in (new, old, released):
        own = renamed(state, RENAMES, path=tmp_path)
        assert list(own) == list(new) and all(own[key] is tensor for key, tensor in new.items())
    path = tmp_path / "released.pt"
    torch.save({"model": released, "optimizer": {"state": {0: torch.ones(9)}}, "epoch": 24}, path)
    net = load_adabins(path, INDOOR)
    assert net.core.conv_out[0].out_channels == 12
    assert all(torch.equal(net.core.state_dict()[key], tensor) for key, tensor in new.items())
    assert not net.training and not any(parameter.requires_grad for parameter in net.parameters())
    assert (net.spec.native_size, net.spec.files) == ((480, 640), (path,))


def test_two_tensors_for_one_place_are_refused() -> None:
    state = {"module.a": torch.ones(1), "a": torch.ones(1)}
    with pytest.raises(InputError, match="has a twice, once as a"):
        renamed(state, RENAMES, path=Path("w.pt"))


def test_missing_file_is_named_with_its_publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDE_WEIGHTS", str(tmp_path))
    for domain, name in (("indoor", "AdaBins_nyu.pt"), ("driving", "AdaBins_kitti.pt")):
        with pytest.raises(InputError, match=rf"needs {name}: put it in .* github.com/shariqfarooq123/AdaBins"):
            load_adabins(None, DOMAINS[domain])


def test_kitti_is_cropped_and_not_squeezed(core: AdaBins, small_files: None, tmp_path: Path) -> None:
    torch.save(core.state_dict(), tmp_path / "w.pt")
    framing = load_adabins(tmp_path / "w.pt", DOMAINS["driving"]).spec.framing
    assert (framing.size, framing.frame_size) == ((352, 1216), (375, 1242))


@pytest.fixture
def two_threads() -> Iterator[None]:
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.slow
def test_seeded_file_answers_as_the_authors_network_does(shared: Path, tmp_path: Path, two_threads: None) -> None:
    """Equal bit for bit on the processor of the authors' run, with its two threads; elsewhere sums round otherwise.

    The seeded weights choose one bin for nearly every pixel, by logits in the thousands, so that rounding alone
    turns near ties: 93 of 36,864 pixels at 384x384 with one thread. With other vector units 1 to 3 of 100 pixels turn,
    and edges move by 2e-4 of the range; wrong details of the network move far more.
    """
    path = seeded_file(shared, "adabins", tmp_path / "adabins.pt")
    nets = {domain.name: load_adabins(path, domain) for domain in (INDOOR, DRIVING)}
    cases = list(recorded_answers(shared, "adabins"))
    assert [case for case, _, _ in cases] == ["384x384_max10", "480x640_max10", "352x1216_max80"]
    for case, image, expected in cases:
        net = nets["driving" if case.endswith("max80") else "indoor"]
        with torch.no_grad():
            output = net(image)
        range_m = net.spec.depth_range_m[1]
        assert (output.bin_edges - expected["bin_edges"]).abs().max() <= 5e-4 * range_m
        is_equal = (output.raw - expected["depth"]).abs() <= 1e-4 * range_m
        assert is_equal.float().mean() >= 0.96


def test_the_published_file_of_the_other_domain_is_refused_converted_too(tmp_path: Path) -> None:
    converted = tmp_path / "AdaBins_nyu.safetensors"
    digest = TRAININGS["indoor"].weights_sha256
    assert digest is not None
    save_file({"conv_out.0.weight": torch.zeros(256, 128, 1, 1)}, converted, metadata={SOURCE: digest})
    with pytest.raises(InputError, match="are AdaBins' indoor weights; expected driving ones"):
        load_adabins(converted, DRIVING)
