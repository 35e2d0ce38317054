"""Fit a transformation that brings renders to where the teacher is at home.

python -m adapt.run --teacher meter --weights meter_kitti.pth --data renders/driving --out runs/adapt
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from adapt.fitting import Fit, FitConfig, fit_transformation, record_distances
from adapt.page import CURVE, DISTANCES, PAGE, SAMPLES, write_page
from adapt.plots import plot_curve, plot_distances, plot_samples
from adapt.source import NONE, owner_file, statistics_targets
from adapt.target import Target
from mde.allowance import Allowance, absolute
from mde.batch import read_images
from mde.command import run_command, shut_in
from mde.device import DeviceName, pick_device
from mde.domain import DOMAINS
from mde.enclosure import allowance_here
from mde.errors import InputError
from mde.evidence import READS, Level, check_level, evidence_of, level_now, sentence
from mde.files import read_json, sha256_file, write_json
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.state import check_unchanged, state_of
from mde.nets.teacher_files import note_teacher, teacher_allowance
from mde.nets.transformation import Rung, save_transformation
from mde.provenance import note_read, reads_noted
from mde.run_directory import REPORT, open_run, write_run_report
from mde.shards import INDEX, ShardReader, read_index

TRANSFORMATION = "transformation"
"""Name of the fitted transformation's directory inside a run."""
RECORDS = "records.json"
"""Distance of every single record to the teacher's statistics; `synth.select --distances` reads it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptConfig:
    """Fit a transformation of renders to the statistics of a teacher, and show what it does to them."""

    teacher: str
    """Architecture of the checkpoint: adabins, bts, toolbox-adabins, toolbox-bts, depthformer, meter, rtmonodepth,
    demo; hf:FOLDER (Hugging Face transformers); or FILE.py:FUNCTION, your own, which is run."""
    weights: Path | None = None
    """The teacher's checkpoint; only read."""
    data: Path
    """Shards written by synth.generate; their domain is the teacher's."""
    out: Path
    """Folder to create, or to run again in with the same options."""
    transform: Rung = "affine"
    """Rung of the ladder: identity (measures only), affine (12 parameters), network (3,215, sees 7x7 pixels) or
    network-large (1.4 M, sees what stands where)."""
    statistics: str = "batchnorm"
    """What the teacher knows its images by: batchnorm, the running statistics in its checkpoint; owner:FILE, moments
    that the owner of its data wrote with adapt.moments, for layers without; patch-similarity, for transformers, needs
    neither; or none."""
    measure_records: bool = False
    """Also write records.json, the distance of every single render, by which synth.select can leave out the most
    foreign; takes one pass of the teacher over all."""
    no_real_data: bool = False
    """Shut the command in: it reads its teacher, its renders and the owner's file, writes into --out, has no network,
    and every file is listed. What the kernel cannot enforce is observed."""
    require: Level | None = None
    """Refuse to run below this level of --no-real-data: observed (what Python itself opens) or enforced (by Linux)."""
    allow: tuple[Path, ...] = ()
    """Further files or folders that may be read; the report names them."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    device: DeviceName = "auto"
    """Where to compute; auto takes CUDA when it is there."""
    fit: FitConfig = field(default_factory=FitConfig)

    def __post_init__(self) -> None:
        if not self.no_real_data and (self.require is not None or self.allow):
            raise InputError("--require and --allow say how --no-real-data is kept; add it, or leave them out")


def main(config: AdaptConfig) -> None:
    """Run the command, with --no-real-data shut in before the teacher is opened."""
    if config.no_real_data:
        shut_in("adapt.run", lambda: allowance_of(config), config.allow)
    adapt(config)


def adapt(config: AdaptConfig) -> None:
    """Run the stage: fit, write the transformation, its report, pictures and page."""
    level, why = level_now(is_watched=config.no_real_data)
    check_level(level, why, config.require)
    reader = ShardReader(config.data)
    teacher = load_teacher(config.teacher, config.weights, domain=reader.domain)
    targets = statistics_targets(config.statistics, teacher)  # before anything is written
    if config.statistics == NONE:
        raise InputError("--statistics none leaves nothing to measure; give batchnorm, owner:FILE or patch-similarity")
    open_run(config.out, "adapt.run", config, free=("device", "weights", "data", "out", "require", "allow"))
    device = pick_device(config.device)
    teacher.to(device)
    log = config.out / READS
    log.unlink(missing_ok=True)  # of an earlier fit
    with watched(config, teacher, log):
        fit = adapt_teacher(teacher, targets, reader, config.fit, config.out, rung=config.transform, seed=config.seed)
        if config.measure_records:
            distances = record_distances(teacher, fit.targets, reader, fit.transformation.to(device))
            write_json(config.out / RECORDS, {"data": sha256_file(reader.directory / INDEX), "distances": distances})
    evidence = evidence_of(level, why, log)
    write_run_report(config.out, {**read_json(config.out / REPORT), "evidence": asdict(evidence)})
    print(sentence(evidence))
    print(f"distance {fit.mean_before:.3f} before, {fit.mean_after:.3f} after: {config.out}/{PAGE}")


@contextmanager
def watched(config: AdaptConfig, teacher: DepthNet, log: Path) -> Iterator[None]:
    """With `no_real_data` every file that is read inside stands in `log`, and those beyond the list are refused."""
    if not config.no_real_data:
        yield
        return
    with reads_noted(log, allowance_here(lambda: allowance_of(config), config.allow)):
        note_teacher(teacher, config.weights)
        owner = owner_file(config.statistics)
        if owner is not None:
            note_read(owner)
        yield


def allowance_of(config: AdaptConfig) -> Allowance:
    """What the fit of this configuration may read and write, beside what every run may."""
    domain = DOMAINS[read_index(config.data).domain].name
    reads = absolute([config.data, owner_file(config.statistics)])
    return teacher_allowance(config.teacher, config.weights, domain) | Allowance(
        reads=reads, writes=absolute([config.out])
    )


def adapt_teacher(
    teacher: DepthNet,
    targets: dict[str, Target],
    reader: ShardReader,
    config: FitConfig,
    out: Path,
    *,
    rung: Rung,
    seed: int,
) -> Fit:
    """Fit and write into `out`: `transformation/`, `report.json`, `report.html` and its three pictures.

    Raises InputError, before anything is written, when the teacher is no longer what it was.
    """
    out.mkdir(parents=True, exist_ok=True)
    before = state_of(teacher)
    fit = fit_transformation(teacher, targets, reader, config, rung=rung, seed=seed)
    check_unchanged(teacher, before, name=teacher.spec.name)
    digest = teacher.spec.weights_sha256
    transformation = fit.transformation.cpu()
    shown = read_images(reader, list(range(min(4, len(reader)))), teacher.spec.framing)
    plot_distances(fit, out / DISTANCES)
    plot_curve(fit, out / CURVE)
    plot_samples(shown, transformation(shown), out / SAMPLES)
    report = {
        "parents": {"teacher": digest, "data": sha256_file(reader.directory / INDEX)},
        "teacher_state": {"before": before.sha256, "after": state_of(teacher).sha256},
        "rung": rung,
        "num_parameters": transformation.num_fitted,
        "fit": asdict(config),
        "sources": dict(Counter(targets[name].source for name in fit.before)) if targets else {"patch similarity": 1},
        "layers_idle": sorted(targets.keys() - fit.before.keys()) if config.layers == "all" else None,
        "distance_before": fit.mean_before,
        "distance_after": fit.mean_after,
        "layers_before": fit.before,
        "layers_after": fit.after,
        "matrix": transformation.affine.matrix.tolist(),
        "offset": transformation.affine.offset.tolist(),
    }
    write_run_report(out, report)
    save_transformation(out / TRANSFORMATION, transformation, teacher_sha256=digest)
    write_page(out, fit, teacher.spec, report)
    return fit


if __name__ == "__main__":
    run_command(main, AdaptConfig, "adapt.run")
