"""Score students and their teacher side by side on real frames: `python -m eval.run`.

It opens real images, and comes after training: nothing that it reads or writes is an input of any other command. It
is shut in: it reads students, teacher and frames, writes its report, and reaches nothing else.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from eval.alignment import Alignment
from eval.answer import Source
from eval.cost import Cost, measure_cost
from eval.datasets import Dataset, DatasetName, open_dataset
from eval.memory import NetOpener
from eval.networks import model_names, openers_of
from eval.protocol import PROTOCOLS, Protocol
from eval.reading import Reading
from eval.recording import Recording, open_recording
from eval.report import tables, write_report
from eval.run_allowance import run_allowance
from eval.score import score
from eval.seals import figures, find_seals, sentences
from eval.shipping import ACCEPTED_LOSS
from mde.allowance import Allowance
from mde.command import run_command, shut_in
from mde.domain import DomainName
from mde.enclosure import allowance_here
from mde.errors import IncompleteError, InputError
from mde.evidence import (
    READS,
    Evidence,
    Level,
    check_level,
    evidence_of,
    kept_out,
    level_now,
    read_evidence,
    sentence,
    walls,
)
from mde.files import write_json
from mde.nets.net import DepthNet
from mde.provenance import reads_noted
from mde.run_directory import CONFIG, open_run

COMMAND = "eval.run"


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """Score finished students and their teacher side by side on real frames, and write a report with pictures."""

    root: Path
    """Folder of the frames, or nyu_depth_v2_labeled.mat; only read."""
    out: Path
    """Folder to create; an earlier report of this command in it is replaced."""
    dataset: DatasetName = "pairs"
    """pairs: NAME.jpg or .png beside NAME_depth.png (16 bit, 0 = none) or .npy (metres), or in images/ and depth/;
    kitti: as published, with a split list; nyu: official_splits or the .mat file; tum, scannet: one sequence or a
    folder of them."""
    model: tuple[Path, ...] = ()
    """Folders of runs or students, and ONNX files of distill.export or eval.calibrate, any number."""
    predictions: tuple[Path, ...] = ()
    """Folders of depth maps that other programs wrote, scored as they lie: NAME.png (16 bit, in the unit of the ground
    truth), NAME.npy or .npz (metres), NAME_lr for the map of the mirrored frame; NAME is the frame's, with _ for /."""
    own_student: tuple[str, ...] = ()
    """FILE.py:FUNCTION that built a student among them, for those of your own; they are run."""
    unsealed: bool = False
    """Also judge students that were never sealed, or have changed since; the report says so."""
    teacher: str | None = None
    """Architecture of the checkpoint."""
    weights: Path | None = None
    """The teacher's checkpoint."""
    depth_scale: float | None = None
    """Units of the depth files per metre, for pairs: 256 (KITTI) or 1000 (millimetres)."""
    domain: DomainName | None = None
    """Kind of scenes, for pairs; by default 256 means driving and 1000 indoor."""
    split: Path | None = None
    """Split list, or NYU's splits.mat; by default the one text file in the root, or the splits.mat in it."""
    protocol: str | None = None
    """How figures are made, by name; by default that of the dataset."""
    alignment: Alignment | Literal["both"] | None = None
    """What a prediction borrows from its image's truth: nothing, a scale by the medians, or scale and shift by least
    squares, in depth or (as relative depth needs) in inverse depth; both: none and median, the default for pairs."""
    num_panels: int = 6
    """Frames shown, spread over the set."""
    num_worst: int = 10
    """Frames of largest error, listed and shown."""
    accepted_loss: float = ACCEPTED_LOSS
    """Relative loss of abs_rel against the teacher at which a student may still take its place; 0.1 is 10 %."""
    num_repeats: int = 10
    """Timed passes per network; 0 leaves out what networks cost."""
    enclose: bool = True
    """Shut the evaluation in: it reads what is named here, and what links below it lead to, writes into --out, and has
    no network. What the kernel cannot enforce is observed."""
    require: Level | None = None
    """Refuse to run below this level: observed (what Python itself opens) or enforced (by Linux)."""
    allow: tuple[Path, ...] = ()
    """Further files or folders that may be read; the report names them."""

    def __post_init__(self) -> None:
        if not self.model and self.teacher is None and not self.predictions:
            raise InputError("nothing to score: name a --model, a --teacher or --predictions")
        if self.weights is not None and self.teacher is None:
            raise InputError(f"--weights {self.weights} needs --teacher, the architecture of the checkpoint")
        if self.depth_scale is not None and not 0.0 < self.depth_scale < float("inf"):
            raise InputError(f"--depth-scale {self.depth_scale:g} must be a positive number of units per metre")
        if self.num_panels < 0 or self.num_worst < 0:
            raise InputError(f"--num-panels {self.num_panels}, --num-worst {self.num_worst}: both must be 0 or more")
        if not 0.0 <= self.accepted_loss < float("inf"):
            raise InputError(
                f"--accepted-loss {self.accepted_loss:g} must be a share of the teacher's error, 0 or more"
            )
        if not self.enclose and (self.require is not None or self.allow):
            raise InputError("--require and --allow say how --enclose is kept; leave them out, or --no-enclose")
        if self.num_repeats < 0 or self.num_repeats == 1:
            raise InputError(f"--num-repeats {self.num_repeats} must be 0 (no costs) or 2 or more (one has no spread)")


def main(config: EvalConfig) -> None:
    """Run the command, shut in before anything that the options name is opened."""
    if config.enclose:
        shut_in(COMMAND, lambda: allowance_of(config), config.allow)
    evaluate(config)


def evaluate(config: EvalConfig) -> None:
    """Load, score, measure, write. Called from Python, it is kept to its list by Python alone."""
    level, why = level_now(is_watched=config.enclose)
    check_level(level, why, config.require)
    dataset = open_dataset(
        config.dataset, config.root, split=config.split, depth_scale=config.depth_scale, domain=config.domain
    )
    protocol = choose_protocol(config, dataset)
    loaded = load_nets(config, dataset.domain)
    students = dict(zip(model_names(config.model), config.model, strict=True))
    seals = find_seals(students, loaded, allow_unsealed=config.unsealed)
    nets: dict[str, Source] = {**loaded, **_recordings(config, dataset, protocol)}
    open_run(config.out, COMMAND, config, free=tuple(field.name for field in fields(config)))
    write_json(config.out / CONFIG, {"command": COMMAND, "config": config})
    log = config.out / READS
    log.unlink(missing_ok=True)  # of an earlier evaluation
    permitted = allowance_here(lambda: allowance_of(config), config.allow)
    with reads_noted(log, permitted) if config.enclose else nullcontext():
        scores = score(
            nets,
            Reading(dataset.frames),
            protocol,
            alignments=_alignments(config, protocol),
            num_panels=config.num_panels,
            num_worst=config.num_worst,
        )
        costs = measure_costs(config, nets, dataset.domain) if config.num_repeats else {}
    warnings = [f"Warning: {scores.unit_doubt}."] if scores.unit_doubt else []
    evidence = evidence_of(level, why, log) if config.enclose else None
    report = write_report(
        config.out,
        scores,
        costs,
        title=f"Depth on {config.root.name}: {', '.join(nets)}",
        accepted_loss=config.accepted_loss,
        num_worst=config.num_worst,
        command=f"python -m {COMMAND} {shlex.join(sys.argv[1:])}",
        remarks=[*warnings, *sentences(seals), *calibration_remarks(loaded), *evidence_remarks(config.model)],
        provenance={"enclosure": enclosure_sentence(evidence)},
        extra={"seals": figures(seals), "enclosure": None if evidence is None else asdict(evidence)},
    )
    print(tables(report.rows, scores), end="")
    for answer in report.shipping:
        print(answer.sentence())
    for item in scores.skipped:
        print(f"skipped {item.name}: {item.reason}")
    print(f"enclosure: {enclosure_sentence(evidence)}")
    print(f"report: {report.page}")
    for warning in warnings:
        print(warning, file=sys.stderr)
    if scores.faults:
        first = scores.faults[0]
        raise IncompleteError(
            f"{len(scores.faults)} of {len(dataset.frames)} frames could not be used, the first is {first.name} "
            f"({first.reason}); the report is of the other {scores.num_frames}"
        )


def allowance_of(config: EvalConfig) -> Allowance:
    """What the evaluation of this configuration may read and write, beside what every run may."""
    return run_allowance(
        root=config.root,
        split=config.split,
        models=config.model,
        own=config.own_student,
        predictions=config.predictions,
        teacher=config.teacher,
        weights=config.weights,
        domain=config.domain,
        out=config.out,
    )


def enclosure_sentence(evidence: Evidence | None) -> str:
    """How the evaluation was shut in, in one line."""
    if evidence is None:
        return "none (--no-enclose): nothing kept this evaluation from other files and from the network"
    why = "" if evidence.level == "enforced" else f", not enforced: {evidence.why_not_next}"
    places = (
        f"; report.json lists the {len(evidence.allowed.reads)} places that it could read" if evidence.allowed else ""
    )
    return f"{walls(evidence)}{why}; {kept_out(evidence)}{places}"


def choose_protocol(config: EvalConfig, dataset: Dataset) -> Protocol:
    """The named protocol or the dataset's own. Raises InputError for an unknown one and one of another domain."""
    name = config.protocol or dataset.protocol
    if name not in PROTOCOLS:
        raise InputError(f"--protocol {name} is unknown; expected one of {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[name]
    if protocol.domain != dataset.domain:
        fitting = ", ".join(other.name for other in PROTOCOLS.values() if other.domain == dataset.domain)
        raise InputError(f"--protocol {name} is for {protocol.domain} frames; for these choose one of {fitting}")
    units = dataset.frames.depth_units_per_metre
    if protocol.depth_units_per_metre not in (None, units):
        raise InputError(
            f"--protocol {name} reads depth files of {protocol.depth_units_per_metre} units per metre, these have "
            f"{units:g}; choose --protocol pairs_{dataset.domain}"
        )
    return protocol


def _alignments(config: EvalConfig, protocol: Protocol) -> tuple[Alignment, ...]:
    chosen = config.alignment or ("both" if config.dataset == "pairs" else protocol.alignment)
    return ("none", "median") if chosen == "both" else (chosen,)


def load_nets(config: EvalConfig, domain: DomainName) -> dict[str, DepthNet]:
    """All networks by name."""
    return {name: opener() for name, opener in _openers(config, domain).items()}


def _recordings(config: EvalConfig, dataset: Dataset, protocol: Protocol) -> dict[str, Recording]:
    """What other programs wrote, by the names of the folders."""
    names = _names(config)[len(config.model) :]
    return {
        name: open_recording(
            folder,
            dataset.frames.entries,
            depth_units_per_metre=dataset.frames.depth_units_per_metre,
            domain=dataset.domain,
            protocol=protocol,
        )
        for name, folder in zip(names, config.predictions, strict=True)
    }


def measure_costs(config: EvalConfig, nets: Mapping[str, Source], domain: DomainName) -> dict[str, Cost]:
    """What each network costs that is run here; its memory in a process that loads it anew."""
    openers = _openers(config, domain)
    return {
        name: measure_cost(net, num_repeats=config.num_repeats, opener=openers[name])
        for name, net in nets.items()
        if isinstance(net, DepthNet)
    }


def _names(config: EvalConfig) -> tuple[str, ...]:
    """Of the models, then of the folders of predictions."""
    return model_names((*config.model, *config.predictions))


def _openers(config: EvalConfig, domain: DomainName) -> dict[str, NetOpener]:
    models = dict(zip(_names(config), config.model, strict=False))
    return openers_of(models, own=config.own_student, teacher=config.teacher, weights=config.weights, domain=domain)


def calibration_remarks(nets: Mapping[str, DepthNet]) -> list[str]:
    """Which networks were brought to known distances, so are not judged as they were learned."""
    return [
        f"{name}: calibrated by known distances, {net.spec.calibration.formula()}; on frames of those distances its "
        "metric figures flatter it"
        for name, net in nets.items()
        if net.spec.calibration is not None
    ]


def evidence_remarks(models: Sequence[Path]) -> list[str]:
    """What is known of each run about its having seen no real data."""
    found = [(model, read_evidence(model)) for model in models if model.is_dir()]
    return [f"{model.name}: {sentence(evidence)}" for model, evidence in found if evidence is not None]


if __name__ == "__main__":
    run_command(main, EvalConfig, COMMAND)
