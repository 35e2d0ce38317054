from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

import adapt.moments as module
from adapt.contribution import render_reference
from adapt.moments import MomentsConfig, image_paths, main, private_moments
from adapt.norm_layer import norm_layers
from adapt.owner import HEADER, owner_targets
from adapt.privacy import Privacy
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.shards import ShardReader
from tests.adapt.mixed_teacher import SIZE, mixed_teacher, write_images
from tests.conftest import make_shards


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MomentsConfig:
    """34 images, and a teacher that `load_teacher` knows."""
    write_images(tmp_path / "images")
    monkeypatch.setattr(module, "load_teacher", lambda _name, _weights, domain: mixed_teacher())
    return MomentsConfig(teacher="mixed", images=tmp_path / "images", out=tmp_path / "out" / "m.safetensors")


def all_images(folder: Path) -> torch.Tensor:
    from PIL import Image
    from torchvision.transforms.functional import to_tensor

    return torch.stack([to_tensor(Image.open(path)) for path in image_paths(folder)])


def test_the_moments_are_those_of_all_images_at_once(config: MomentsConfig) -> None:
    main(config)
    targets = owner_targets(config.out, mixed_teacher())
    core: Any = mixed_teacher().core
    features = core.first(all_images(config.images)).double()
    stored = targets["core.stored"].moments
    torch.testing.assert_close(stored.mean.double(), features.mean(dim=(0, 2, 3)), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(stored.var.double(), features.var(dim=(0, 2, 3), correction=0), rtol=1e-5, atol=1e-6)
    tokens = 2.0 * core.maps(core.stored(features.float())).double() + 1.0
    last = targets["core.tokens"].moments
    torch.testing.assert_close(last.mean.double(), tokens.mean(dim=(0, 2, 3)), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(last.var.double(), tokens.var(dim=(0, 2, 3), correction=0), rtol=1e-5, atol=1e-5)


def test_broken_images_are_named_and_left_out(config: MomentsConfig, capfd: pytest.CaptureFixture[str]) -> None:
    main(replace(config, out=config.out.with_name("whole.safetensors")))
    (config.images / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (config.images / "note.txt").write_text("no image")
    main(config)
    assert "left out" in (said := capfd.readouterr().err) and "broken.jpg" in said
    whole = owner_targets(config.out.with_name("whole.safetensors"), mixed_teacher())
    for name, target in owner_targets(config.out, mixed_teacher()).items():
        assert torch.equal(target.moments.mean, whole[name].moments.mean)
    with safe_open(config.out, "pt") as file:
        assert json.loads(file.metadata()[HEADER])["num_images"] == 34


def test_the_header_states_the_budget_and_the_noise(config: MomentsConfig, shards: Path) -> None:
    main(replace(config, epsilon=8.0, delta=1e-3, clip=2.0, renders=shards))
    with safe_open(config.out, "pt") as file:
        stated = json.loads(file.metadata()[HEADER])["privacy"]
    privacy = Privacy(epsilon=8.0, delta=1e-3, clip=2.0)
    assert (stated["epsilon"], stated["delta"], stated["clip"]) == (8.0, 1e-3, 2.0)
    assert set(stated["sigma"]) == {"core.stored", "core.maps", "core.tokens"}
    assert stated["sigma"]["core.maps"] == pytest.approx(privacy.sigma(12, num_layers=3, num_images=34))
    assert all(bool((target.moments.var > 0).all()) for target in owner_targets(config.out, mixed_teacher()).values())


def test_noise_differs_from_file_to_file(config: MomentsConfig, shards: Path) -> None:
    outs = [config.out.with_name(f"{number}.safetensors") for number in range(2)]
    for out in outs:
        main(replace(config, out=out, epsilon=8.0, delta=1e-3, renders=shards))
    first, second = (owner_targets(out, mixed_teacher())["core.maps"].moments.mean for out in outs)
    assert not bool((first == second).any())


def test_the_noise_added_is_the_noise_stated(config: MomentsConfig, shards: Path) -> None:
    """With a draw of all ones in place of noise, means move by sigma times the reference's deviation."""
    teacher, privacy = mixed_teacher(), Privacy(epsilon=2.0, delta=1e-3, clip=1e6)
    reference = render_reference(teacher, norm_layers(teacher), ShardReader(shards))
    paths = image_paths(config.images)
    exact, _, _ = private_moments(teacher, reference, paths, privacy, lambda num: torch.zeros(num).double())
    moved, num_images, sigmas = private_moments(
        teacher, reference, paths, privacy, lambda num: torch.ones(num).double()
    )
    for name, sigma in sigmas.items():
        assert sigma == pytest.approx(privacy.sigma(12, num_layers=3, num_images=num_images))
        scale = reference[name].var.sqrt()
        torch.testing.assert_close(moved[name].mean, exact[name].mean + sigma * scale)


def test_one_image_moves_private_moments_by_no_more_than_its_bound(config: MomentsConfig, shards: Path) -> None:
    """A glaring image replaced by a black one, without noise: the move is within what the noise was made for."""
    from PIL import Image

    teacher, privacy = mixed_teacher(), Privacy(epsilon=1.0, delta=1e-3, clip=0.3)
    reference = render_reference(teacher, norm_layers(teacher), ShardReader(shards))
    paths, moved = image_paths(config.images), []
    for colour in ((255, 0, 255), (0, 0, 0)):
        Image.new("RGB", SIZE[::-1], colour).save(paths[0])
        means, num_images = module.mean_contributions(teacher, reference, paths, clip=privacy.clip)
        moved.append(means)
    lengths = {
        name: float((moved[0][name] - moved[1][name]).norm()) / (privacy.clip * len(moved[0][name]) ** 0.5)
        for name in moved[0]
    }
    assert max(lengths.values()) > 0.1 / num_images  # the test would see a bound that is not there
    assert sum(length**2 for length in lengths.values()) ** 0.5 <= 2.0 * len(lengths) ** 0.5 / num_images


def test_an_existing_file_is_not_overwritten(config: MomentsConfig) -> None:
    config.out.parent.mkdir()
    config.out.write_bytes(b"mine")
    with pytest.raises(InputError, match="exists"):
        main(config)
    assert config.out.read_bytes() == b"mine"


def test_too_few_images_are_refused(config: MomentsConfig) -> None:
    with pytest.raises(InputError, match="is no folder"):
        main(replace(config, images=config.images / "none"))
    with pytest.raises(InputError, match="holds 17 JPEG and PNG images; expected at least 32"):
        main(replace(config, images=config.images / "1"))
    for path in image_paths(config.images)[:4]:
        path.write_bytes(b"broken")
    with pytest.raises(InputError, match="30 of the images can be read; expected at least 32"):
        main(config)
    assert not config.out.exists()


def test_activations_that_are_not_finite_are_refused(config: MomentsConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str, _weights: Path | None, domain: str) -> DepthNet:
        teacher = mixed_teacher()
        teacher.core.first.weight[0] = float("inf")
        return teacher

    monkeypatch.setattr(module, "load_teacher", broken)
    with pytest.raises(InputError, match="000.png makes NaN or infinity in layer core.stored"):
        main(config)
    assert not config.out.parent.exists()


def test_a_teacher_without_norms_is_refused(config: MomentsConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = mixed_teacher(core=torch.nn.Conv2d(3, 1, 1))
    monkeypatch.setattr(module, "load_teacher", lambda _name, _weights, domain: bare)
    with pytest.raises(InputError, match="no norm layer"):
        main(config)


def test_real_images_are_no_reference(config: MomentsConfig, tmp_path: Path) -> None:
    real = make_shards(tmp_path / "sealed", origin="sealed")
    with pytest.raises(InputError, match="origin"):
        main(replace(config, epsilon=1.0, delta=1e-3, renders=real))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"out": Path("m.pt")}, "must end in .safetensors"),
        ({"epsilon": 0.0, "renders": Path("r")}, "--epsilon 0.0 must lie between"),
        ({"epsilon": 1.0}, "--epsilon and --renders belong together"),
        ({"renders": Path("r")}, "--epsilon and --renders belong together"),
        ({"delta": 1.0}, "--delta 1.0 must lie between"),
        ({"clip": 0.0}, "--clip 0.0 must be positive"),
    ],
)
def test_a_budget_that_means_nothing_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MomentsConfig(**{"teacher": "demo", "images": Path("i"), "out": Path("m.safetensors"), **changes})


def test_delta_must_be_below_one_in_the_number_of_images(config: MomentsConfig, shards: Path) -> None:
    with pytest.raises(InputError, match="--delta 0.03 is not below 1/34"):
        main(replace(config, epsilon=1.0, delta=0.03, renders=shards))
    assert not config.out.exists()
