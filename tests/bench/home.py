"""How far METER's own kind of frames, plain renders and adapted renders are from the statistics that it stored.

    python -m tests.bench.home --real ../shared/real

Transformations are fitted before a real frame is opened, and nothing is trained on one. Two distances: the normalised
one of `adapt.distance`, and the mean over channels and layers of |ln v - ln v^|, which the reference states for real
frames as about 0.13 (driving) and 0.22 (indoor). Written to `eval/results/home.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor, nn

from adapt.distance import layer_distances, mean_distance
from adapt.fitting import FitConfig, fit_transformation
from adapt.statistics import Moments, captured, merge_moments
from adapt.target import Target, batchnorm_targets, layers_of
from eval.datasets import open_dataset
from mde.batch import read_images
from mde.command import run_command
from mde.domain import DOMAINS, DomainName
from mde.files import write_json
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.transformation import Rung
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.meter import DOMAIN_NAMES, SIZES, WEIGHTS


@dataclass(frozen=True, kw_only=True)
class HomeConfig:
    """Measure where METER is at home."""

    real: Path
    """Folder with `weights/`, `driving/` and `indoor/`."""
    runs: Path = Path("runs/home")
    """Where renders lie."""
    out: Path = Path("eval/results/home.json")
    """File to write."""
    num_renders: int = 300
    """Images per domain to fit on, and to measure."""
    num_fit_steps: int = 60
    """Optimiser steps of every transformation."""
    num_seeds: int = 2
    """Fits per rung."""


def study(config: HomeConfig) -> None:
    """Fit, measure, and only then open the frames."""
    rows: list[dict[str, Any]] = []
    for domain in DOMAIN_NAMES:
        data = config.runs / f"renders-{domain}"
        generate(GenerateConfig(n=config.num_renders, domain=domain, out=data, size=SIZES[domain]))
        rows += render_rows(config, domain, ShardReader(data))
    rows += [real_row(config, domain) for domain in DOMAIN_NAMES]
    options = {name: value for name, value in asdict(config).items() if name not in ("real", "runs", "out")}
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    command = f"python -m tests.bench.home --real DIR {flags}"
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    for row in sorted(rows, key=lambda row: row["domain"]):
        print(f"{row['domain']:<9}{row['images']:<36}{row['log_variance_ratio']:>8.3f}{row['distance']:>8.3f}")
    print(f"written: {config.out}")


def teacher_of(config: HomeConfig, domain: DomainName) -> DepthNet:
    """METER with the published weights of a domain."""
    return load_teacher("meter", config.real / "weights" / WEIGHTS[domain], domain=domain)


def render_rows(config: HomeConfig, domain: DomainName, reader: ShardReader) -> list[dict[str, Any]]:
    """Every rung of the ladder, every seed."""
    teacher = teacher_of(config, domain)
    targets = batchnorm_targets(teacher)
    images = read_images(reader, list(range(len(reader))), teacher.spec.framing)
    rows = []
    for rung in get_args(Rung):
        for seed in range(1 if rung == "identity" else config.num_seeds):
            if rung == "network-large":
                continue  # seconds per step at this size on a processor
            options = FitConfig(num_steps=config.num_fit_steps, num_measured=1)
            fit = fit_transformation(teacher, targets, reader, options, rung=rung, seed=seed)
            name = "plain renders" if rung == "identity" else f"renders through {rung}, seed {seed}"
            rows.append({"domain": domain, "images": name, **measure(teacher, targets, images, fit.transformation)})
    return rows


def real_row(config: HomeConfig, domain: DomainName) -> dict[str, Any]:
    """The frames of a domain, as the teacher's framing shows them."""
    teacher = teacher_of(config, domain)
    units = float(DOMAINS[domain].depth_units_per_metre)
    frames = open_dataset("pairs", config.real / domain, split=None, depth_scale=units, domain=domain).frames
    images = torch.cat([teacher.spec.framing.image(frame.image[None]) for frame in frames])
    found = measure(teacher, batchnorm_targets(teacher), images, nn.Identity())
    return {"domain": domain, "images": f"{len(images)} real frames", **found}


@torch.no_grad()
def measure(
    teacher: DepthNet, targets: dict[str, Target], images: Tensor, transformation: nn.Module
) -> dict[str, float]:
    """Both distances of all images together."""
    parts, sizes = [], []
    with captured(layers_of(teacher, targets)) as capture:
        for batch in images.split(8):
            teacher(transformation(batch))
            parts.append(capture.take())
            sizes.append(len(batch))
    found = merge_moments(parts, sizes)
    ratios = [log_ratio(found[name], targets[name]) for name in found]
    kept = {name: targets[name] for name in found}
    distance = mean_distance(layer_distances("normalised", found, kept)).item()
    return {"log_variance_ratio": sum(ratios) / len(ratios), "distance": distance}


def log_ratio(found: Moments, target: Target) -> float:
    """Mean over channels of |ln((v + eps) / (v^ + eps))|."""
    return ((found.var + target.eps) / (target.moments.var + target.eps)).log().abs().mean().item()


if __name__ == "__main__":
    run_command(study, HomeConfig, "tests.bench.home")
