from __future__ import annotations

from pathlib import Path

import torch

from adapt.contribution import contribution, moments_from, render_reference, unit_reference
from adapt.norm_layer import norm_layers
from adapt.statistics import Moments, moments_of
from mde.batch import read_images
from mde.shards import ShardReader
from tests.adapt.mixed_teacher import mixed_teacher


def test_contributions_give_back_the_moments_of_all_images() -> None:
    """Also where the mean is large beside the deviation, and whatever the reference."""
    generator = torch.Generator().manual_seed(0)
    images = [200.0 + torch.randn(5, 4, 6, generator=generator) * (1 + number) for number in range(6)]
    reference = Moments(mean=torch.linspace(-3, 300, 5).double(), var=torch.linspace(0.1, 60, 5).double())
    parts = [contribution(moments_of(image, 0), reference) for image in images]
    found = moments_from(torch.stack(parts).mean(0), reference, min_variance=0.0)
    everything = torch.stack(images).double()
    torch.testing.assert_close(found.mean, everything.mean(dim=(0, 2, 3)), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(found.var, everything.var(dim=(0, 2, 3), correction=0), rtol=1e-4, atol=0.0)


def test_an_image_like_the_reference_contributes_nothing() -> None:
    reference = Moments(mean=torch.tensor([1.0, 2.0]).double(), var=torch.tensor([3.0, 4.0]).double())
    assert torch.equal(contribution(reference, reference), torch.zeros(4, dtype=torch.float64))


def test_noise_cannot_make_a_variance_negative() -> None:
    reference = Moments(mean=torch.zeros(2).double(), var=torch.tensor([1.0, 8.0]).double())
    noisy = torch.tensor([0.0, 0.0, -7.0, -7.0]).double()
    torch.testing.assert_close(moments_from(noisy, reference, min_variance=0.05).var, 0.05 * reference.var)


def test_the_units_come_from_the_renders_and_from_the_layers_that_run(shards: Path) -> None:
    teacher, reader = mixed_teacher(), ShardReader(shards)
    layers = norm_layers(teacher)
    assert list(unit_reference(teacher, layers)) == ["core.stored", "core.maps", "core.tokens"]
    reference = render_reference(teacher, layers, reader)
    features = teacher.core.first(read_images(reader, list(range(len(reader))), teacher.spec.framing)).double()
    torch.testing.assert_close(reference["core.stored"].mean, features.mean(dim=(0, 2, 3)), rtol=1e-5, atol=1e-6)
    var = features.var(dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(reference["core.stored"].var, var.clamp_min(0.01 * var.mean()), rtol=1e-4, atol=0.0)
