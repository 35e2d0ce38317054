"""How much of an owner's moments is left behind the noise, for budgets and numbers of images.

    python -m tests.bench.owner_noise

Contributions of sealed pictures to the demo teacher's moments are taken once; the noise is that of as many images as
named. Stated is the mean distance over layers from what the teacher's BatchNorm remembers, of which the distance of
untouched renders is what could be lost. Written to `eval/results/owner_noise.json`.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adapt.contribution import moments_from, render_reference
from adapt.distance import layer_distances
from adapt.moments import MIN_PRIVATE_VARIANCE, contributions, image_paths
from adapt.norm_layer import norm_layers
from adapt.privacy import Privacy, clipped, system_normals
from adapt.statistics import Moments
from adapt.target import batchnorm_targets
from eval.demo import demo_teacher
from eval.sealed.world import CAMERA, write_sealed
from mde.command import run_command
from mde.files import write_json
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig

CLIPS = (0.5, 1.0, 2.0, 4.0, 8.0)
EPSILONS = (1.0, 8.0)
NUMS = (2_000, 10_000, 50_000)


@dataclass(frozen=True, kw_only=True)
class OwnerNoiseConfig:
    """Measure what bound and noise do to moments."""

    runs: Path = Path("runs/owner-moments")
    """Where pictures lie."""
    out: Path = Path("eval/results/owner_noise.json")
    """File to write."""
    num_images: int = 600
    """Sealed pictures and renders."""


def study(config: OwnerNoiseConfig) -> None:
    """Make pictures, take contributions, state distances."""
    height, width = CAMERA.size
    renders = config.runs / "renders"
    generate(GenerateConfig(n=config.num_images, domain="indoor", out=renders, size=f"{height}x{width}"))
    folder = config.runs / "owner-pictures"
    write_pictures(config.runs / "sealed-train", folder, config.num_images)
    teacher = demo_teacher()
    reference = render_reference(teacher, norm_layers(teacher), ShardReader(renders))
    values = list(contributions(teacher, reference, image_paths(folder)))
    exact = {name: torch.stack([value[name] for value in values]) for name in reference}
    rows = [row_of(exact, reference, clip) for clip in CLIPS]
    result = {
        "command": f"python -m tests.bench.owner_noise --num-images {config.num_images}",
        "delta": 1e-6,
        "renders": distance({name: torch.zeros(2 * len(m.mean)).double() for name, m in reference.items()}, reference),
        "exact": distance({name: value.mean(0) for name, value in exact.items()}, reference),
        "clips": rows,
        "environment": environment(),
    }
    write_json(config.out, result)
    print(f"renders {result['renders']:.3f}, exact moments {result['exact']:.3f}")
    for row in rows:
        noisy = ", ".join(f"{name} {value:.3f}" for name, value in row["noisy"].items())
        print(f"clip {row['clip']:g}: without noise {row['without_noise']:.3f}; {noisy}")


def write_pictures(shards: Path, folder: Path, num: int) -> None:
    """The first sealed training pictures as JPEG files, as an owner keeps them."""
    write_sealed(shards, "train", num)
    for shard in sorted(shards.glob("*.tar")):
        with tarfile.open(shard) as archive:
            members = [member for member in archive if member.name.endswith(".image.jpg")]
            archive.extractall(folder, members, filter="data")


def row_of(exact: dict[str, Tensor], reference: dict[str, Moments], clip: float) -> dict[str, Any]:
    """Distances behind one bound, without noise and with that of every budget."""
    bounded = {name: torch.stack([clipped(value, clip) for value in values]).mean(0) for name, values in exact.items()}
    noisy = {}
    for epsilon in EPSILONS:
        privacy = Privacy(epsilon=epsilon, delta=1e-6, clip=clip)
        for num in NUMS:
            moved = {
                name: mean
                + privacy.sigma(len(mean), num_layers=len(bounded), num_images=num) * system_normals(len(mean))
                for name, mean in bounded.items()
            }
            noisy[f"epsilon {epsilon:g}, {num:,} images"] = distance(moved, reference)
    return {"clip": clip, "without_noise": distance(bounded, reference), "noisy": noisy}


def distance(means: dict[str, Tensor], reference: dict[str, Moments]) -> float:
    """Mean normalised distance over layers of the moments that belong to mean contributions."""
    found = {}
    for name, mean in means.items():
        moments = moments_from(mean, reference[name], min_variance=MIN_PRIVATE_VARIANCE)
        found[name] = Moments(mean=moments.mean.float(), var=moments.var.float())
    distances = layer_distances("normalised", found, batchnorm_targets(demo_teacher()))
    return float(sum(distances.values())) / len(distances)


if __name__ == "__main__":
    run_command(study, OwnerNoiseConfig, "tests.bench.owner_noise")
