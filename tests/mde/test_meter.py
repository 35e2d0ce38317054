"""METER against what its authors' network answers, and the refusals of weight files that are not its own."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mde.domain import DOMAINS, DRIVING, INDOOR, Domain, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.meter import TRAININGS, Meter, load_meter
from mde.nets.mobile_vit import plane_to_tokens, tokens_to_plane
from mde.nets.weights import load_strictly, read_torch_weights

PUBLISHED = {"driving": "kitti", "indoor": "nyu"}
State = dict[str, Tensor]


def untrained_state(seed: int = 0) -> State:
    """Seeded weights in the published layout, of a size at which the answer stays away from 0."""
    generator = torch.Generator().manual_seed(seed)
    state = Meter(TRAININGS["driving"], DRIVING.depth_range_m).state_dict()
    for key, tensor in state.items():
        if tensor.ndim > 1:
            tensor.normal_(0.0, (2.0 / tensor[0].numel()) ** 0.5, generator=generator)
        elif key.endswith(("running_mean", "bias")):
            tensor.normal_(0.0, 0.1, generator=generator)
    return state


def untrained_core(domain: DomainName) -> Meter:
    core = Meter(TRAININGS[domain], DOMAINS[domain].depth_range_m).eval()
    core.load_state_dict(untrained_state())
    return core


def random_image(*, batch: int, height: int, width: int) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


# The network, with seeded weights


def test_loaded_network_is_frozen_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "meter.pth"
    torch.save(untrained_state(), path)
    net = load_meter(path, INDOOR)
    spec = net.spec
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert (spec.name, spec.role, spec.domain, spec.licence) == ("meter", "teacher", "indoor", "MIT")
    assert (spec.native_size, spec.depth_range_m) == ((192, 256), (1e-3, 10.0))
    assert spec.weights_sha256 == sha256_file(path)
    for key, tensor in untrained_state().items():
        assert torch.equal(net.core.state_dict()[key], tensor), key


def test_normalisation_happens_inside() -> None:
    """The indoor network on an image is the driving network, which takes RGB as it is, on the normalised image."""
    image = random_image(batch=1, height=64, width=128)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)  # ImageNet
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        inside = untrained_core("indoor")(image).raw
        outside = untrained_core("driving")((image - mean) / std).raw
    torch.testing.assert_close(inside, outside)


@pytest.mark.parametrize(("domain", "units_per_metre"), [("driving", 10), ("indoor", 100)])
def test_depth_is_the_raw_answer_in_metres_between_its_pixel_centres(
    domain: DomainName, units_per_metre: float
) -> None:
    core = untrained_core(domain)
    core.depth_range_m = (-1e9, 1e9)
    with torch.no_grad():
        output = core(random_image(batch=1, height=64, width=128))
    raw = output.raw[0, 0].double().numpy() / units_per_metre
    rows, columns = (np.arange(64) + 0.5) / 4 - 0.5, (np.arange(128) + 0.5) / 4 - 0.5
    wide = np.stack([np.interp(columns, np.arange(32), row) for row in raw])
    expected = np.stack([np.interp(rows, np.arange(16), column) for column in wide.T], axis=1)
    np.testing.assert_allclose(output.depth_m[0, 0].numpy(), expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


def test_depth_stays_within_the_range_while_raw_does_not() -> None:
    core = untrained_core("indoor")
    core.depth_range_m = (0.002, 0.003)
    with torch.no_grad():
        output = core(random_image(batch=1, height=64, width=64))
    assert output.raw.min() < 0.2 and output.raw.max() > 0.3  # centimetres: the clamp has work on both sides
    assert output.depth_m.min() == pytest.approx(0.002) and output.depth_m.max() == pytest.approx(0.003)


def test_images_of_a_batch_do_not_see_each_other() -> None:
    core = untrained_core("driving")
    images = random_image(batch=3, height=64, width=64)
    with torch.no_grad():
        together = core(images).raw
        alone = torch.cat([core(image[None]).raw for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_gradient_reaches_the_image_through_the_frozen_network(tmp_path: Path) -> None:
    path = tmp_path / "meter.pth"
    torch.save(untrained_state(), path)
    core = load_meter(path, replace(INDOOR, depth_range_m=(-1e9, 1e9))).core
    image = random_image(batch=1, height=64, width=64).requires_grad_()
    core(image).depth_m.mean().backward()
    assert image.grad is not None and bool(image.grad.isfinite().all()) and bool((image.grad != 0).any())


def test_tokens_return_to_their_pixels() -> None:
    plane = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    tokens = plane_to_tokens(plane)
    assert tokens.shape == (2 * 4, 2 * 3, 3)
    assert torch.equal(tokens_to_plane(tokens, 4, 6), plane)


def test_a_set_of_tokens_holds_every_second_pixel_of_every_second_row() -> None:
    plane = torch.arange(4 * 6.0).view(1, 1, 4, 6)
    sets = {tuple(tokens.flatten().tolist()) for tokens in plane_to_tokens(plane)}
    expected = {tuple(plane[0, 0, row::2, column::2].flatten().tolist()) for row in (0, 1) for column in (0, 1)}
    assert sets == expected


# The network, with the published weights


@pytest.mark.real_data
@pytest.mark.parametrize("domain", ["driving", "indoor"])
def test_published_weights_answer_as_the_authors_network_does(real: Path, domain: DomainName) -> None:
    name = PUBLISHED[domain]
    net = load_meter(real / "weights" / f"meter_{name}_xxs.pth", DOMAINS[domain])
    with np.load(real / "meter_expected.npz") as expected:
        image = torch.from_numpy(expected[f"image_u8_{name}"]).permute(2, 0, 1)[None].float() / 255
        raw = torch.from_numpy(expected[f"output_{name}"])
    with torch.no_grad():
        output = net(image)
    torch.testing.assert_close(output.raw, raw, rtol=1e-5, atol=0.0)  # worst seen on CPU: 7e-7
    assert output.depth_m.shape == image[:, :1].shape
    assert 1.0 < output.depth_m.median() < DOMAINS[domain].depth_range_m[1] / 2  # metres, not deci- or centimetres


@pytest.mark.real_data
def test_published_file_is_filled_to_the_last_tensor(real: Path) -> None:
    path = real / "weights" / "meter_kitti_xxs.pth"
    core = load_meter(path, DRIVING).core
    assert len(read_torch_weights(path)) == len(core.state_dict()) == 261
    assert sum(parameter.numel() for parameter in core.parameters()) == 713_464
    assert sum(isinstance(module, nn.BatchNorm2d) for module in core.modules()) == 35


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "domain"), [("kitti", INDOOR), ("nyu", DRIVING)])
def test_published_weights_of_the_other_domain_are_refused(real: Path, name: str, domain: Domain) -> None:
    with pytest.raises(InputError, match=r"are METER's (driving|indoor) weights; expected"):
        load_meter(real / "weights" / f"meter_{name}_xxs.pth", domain)


@pytest.mark.real_data
def test_published_weights_of_another_network_are_refused(real: Path) -> None:
    with pytest.raises(InputError, match="weights of another network: of 261 tensors 261 are missing"):
        load_meter(real / "weights" / "rtmonodepth_s_ms_encoder.pth", DRIVING)


# Files that are not weights


class Intruder:
    """An object whose unpickling would make a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def small_network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))


def saved_bytes(path: Path, *, is_zip: bool = True) -> bytes:
    torch.save(small_network().state_dict(), path, _use_new_zipfile_serialization=is_zip)
    return path.read_bytes()


def refusal_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_torch_weights(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message


@pytest.mark.parametrize("is_zip", [True, False])
def test_both_formats_of_torch_are_read(tmp_path: Path, is_zip: bool) -> None:
    path = tmp_path / "weights.pth"
    state = small_network().state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=is_zip)
    read = read_torch_weights(path)
    assert list(read) == list(state)
    assert all(torch.equal(read[key], state[key]) for key in state)


def test_plain_values_beside_the_tensors_are_left_out(tmp_path: Path) -> None:
    torch.save({"height": 192, "weight": torch.ones(2)}, tmp_path / "weights.pth")
    assert list(read_torch_weights(tmp_path / "weights.pth")) == ["weight"]


def test_missing_file_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal_of(tmp_path / "weights.pth")


def test_directory_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal_of(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is not a torch file"),
        (b"<!DOCTYPE html>", "is not a torch file"),
        (b"PK\x03\x04 and no more", "is damaged"),
        (b"\x80\x02", "is damaged"),
        (pickle.dumps({"weight": 1.0}, protocol=4), "is damaged"),  # torch has a warning for this, users a refusal
    ],
)
def test_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert reason in refusal_of(path)


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused(tmp_path: Path, is_zip: bool, share: float) -> None:
    path = tmp_path / "weights.pth"
    content = saved_bytes(path, is_zip=is_zip)
    path.write_bytes(content[: int(share * len(content))])
    assert "damaged" in refusal_of(path)


def test_flipped_bit_in_a_tensor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.full((64,), 1.5)}, path)
    content = bytearray(path.read_bytes())
    start = content.index(torch.full((64,), 1.5).numpy().tobytes())
    content[start + 100] ^= 1
    path.write_bytes(content)
    assert "is damaged" in refusal_of(path)


@pytest.mark.parametrize("is_zip", [True, False])
def test_objects_in_a_file_are_refused_and_not_run(tmp_path: Path, is_zip: bool) -> None:
    path, trace = tmp_path / "weights.pth", tmp_path / "trace"
    torch.save({"weight": torch.ones(2), "extra": Intruder(trace)}, path, _use_new_zipfile_serialization=is_zip)
    assert "more than torch reads safely" in refusal_of(path)
    assert not trace.exists()


@pytest.mark.parametrize("content", [[torch.ones(1)], {}, {"model": {"weight": torch.ones(1)}, "epoch": 3}])
def test_file_without_named_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "weights.pth")
    assert "expected" in refusal_of(tmp_path / "weights.pth")


# Weights that are not this network's


def without(key: str) -> Callable[[State], State]:
    return lambda state: {name: tensor for name, tensor in state.items() if name != key}


def changed(key: str, tensor: Tensor) -> Callable[[State], State]:
    return lambda state: {**state, key: tensor}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (without("1.bias"), r"1 are missing and 0 have another shape, 0 are unexpected \(first: no 1.bias\)"),
        (changed("2.bias", torch.ones(4)), r"0 are missing .* 1 are unexpected \(first: unknown 2.bias\)"),
        (changed("1.bias", torch.ones(1)), r"1 have another shape.*1.bias is real \(1,\), not real \(4,\)"),
        (changed("1.bias", torch.ones(4, dtype=torch.int64)), "1.bias is integer"),
        (changed("1.bias", torch.ones(4, dtype=torch.complex64)), "1.bias is complex"),
        (changed("1.bias", torch.ones(4, device="meta")), "1.bias is not dense"),
        (changed("1.bias", torch.ones(4).to_sparse()), "1.bias is not dense"),
        (changed("1.bias", torch.tensor([0.0, 1.0, torch.nan, 0.0])), "NaN or infinity in 1.bias"),
        (changed("0.weight", torch.full((4, 3, 1, 1), torch.inf)), "NaN or infinity in 0.weight"),
        (changed("1.running_var", torch.tensor([1.0, 0.0, 1.0, 1.0])), "variance of 0 or less in 1.running_var"),
    ],
)
def test_state_of_another_network_is_refused_and_changes_nothing(damage: Callable[[State], State], reason: str) -> None:
    module = small_network()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    with pytest.raises(InputError, match=reason) as caught:
        load_strictly(module, damage(small_network().state_dict()), path=Path("w.pth"))
    assert "\n" not in str(caught.value)
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())


def test_half_precision_weights_are_widened() -> None:
    module, state = small_network(), small_network().half().state_dict()
    load_strictly(module, state, path=Path("w.pth"))
    assert torch.equal(module.state_dict()["0.weight"], state["0.weight"].float())
    assert module.state_dict()["0.weight"].dtype == torch.float32
