"""Fit a transformation that brings renders to where the teacher is at home.

python -m adapt.run --teacher meter --weights meter_kitti.pth --data renders/driving --out runs/adapt
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from adapt.fitting import Fit, FitConfig, fit_affine
from adapt.plots import plot_curve, plot_distances, plot_samples
from mde.batch import read_images
from mde.command import run_command
from mde.device import DeviceName, pick_device
from mde.files import sha256_file
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.state import check_unchanged, state_of
from mde.nets.transformation import save_transformation
from mde.run_directory import open_run, write_run_report
from mde.shards import INDEX, ShardReader

TRANSFORMATION = "transformation"
"""Name of the fitted transformation's directory inside a run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptConfig:
    """Fit an affine colour transformation (12 parameters) to the BatchNorm statistics of a teacher."""

    teacher: str
    """Architecture of the checkpoint: adabins, bts, toolbox-adabins, toolbox-bts, depthformer, meter, rtmonodepth,
    demo; hf:FOLDER (Hugging Face transformers); or FILE.py:FUNCTION, your own, which is run."""
    weights: Path | None = None
    """The teacher's checkpoint; only read."""
    data: Path
    """Shards written by synth.generate; their domain is the teacher's."""
    out: Path
    """Folder to create, or to run again in with the same options."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    device: DeviceName = "auto"
    """Where to compute; auto takes CUDA when it is there."""
    fit: FitConfig = field(default_factory=FitConfig)


def adapt(config: AdaptConfig) -> Fit:
    """Run the stage: fit, write the transformation, its report and its pictures."""
    open_run(config.out, "adapt.run", config, free=("device", "weights", "data", "out"))
    reader = ShardReader(config.data)
    teacher = load_teacher(config.teacher, config.weights, domain=reader.domain)
    fit = adapt_teacher(teacher.to(pick_device(config.device)), reader, config.fit, config.out, seed=config.seed)
    print(
        f"BatchNorm distance {_mean(fit.before):.3f} before, {_mean(fit.after):.3f} after: {config.out}/distances.png"
    )
    return fit


def adapt_teacher(teacher: DepthNet, reader: ShardReader, config: FitConfig, out: Path, *, seed: int) -> Fit:
    """Fit and write into `out`: `transformation/`, `report.json` and three pictures.

    Raises InputError, before anything is written, when the teacher is no longer what it was.
    """
    out.mkdir(parents=True, exist_ok=True)
    before = state_of(teacher)
    fit = fit_affine(teacher, reader, config, seed=seed)
    check_unchanged(teacher, before, name=teacher.spec.name)
    digest = teacher.spec.weights_sha256
    plot_distances(fit, out / "distances.png")
    plot_curve(fit, out / "curve.png")
    shown = read_images(reader, list(range(min(4, len(reader)))), teacher.spec.framing)
    transformation = fit.transformation.cpu()
    plot_samples(shown, transformation(shown), out / "samples.png")
    report = {
        "parents": {"teacher": digest, "data": sha256_file(reader.directory / INDEX)},
        "teacher_state": {"before": before.sha256, "after": state_of(teacher).sha256},
        "num_parameters": sum(parameter.numel() for parameter in transformation.parameters()),
        "distance_before": _mean(fit.before),
        "distance_after": _mean(fit.after),
        "layers_before": fit.before,
        "layers_after": fit.after,
        "matrix": transformation.matrix.tolist(),
        "offset": transformation.offset.tolist(),
    }
    write_run_report(out, report)
    save_transformation(out / TRANSFORMATION, transformation, teacher_sha256=digest)
    return fit


def _mean(distances: dict[str, float]) -> float:
    return sum(distances.values()) / len(distances)


if __name__ == "__main__":
    run_command(adapt, AdaptConfig, "adapt.run")
