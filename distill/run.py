"""Distil a teacher into a small student without real images; what is missing is made first.

python -m distill.run --teacher meter --weights meter_kitti.pth --domain driving --no-real-data
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from adapt.fitting import FitConfig
from adapt.run import TRANSFORMATION, adapt_teacher
from adapt.source import NONE, owner_file, statistics_targets
from adapt.target import Target
from distill.alignment import check_alignment
from distill.beginning import check_beginning, first_student
from distill.choice import ProxyJudge, choose, scores_of
from distill.closing import close_again, close_run
from distill.data_statement import data_statement, painter_of
from distill.draw import AugmentConfig
from distill.export import ONNX, export_student
from distill.feature_config import FeatureConfig
from distill.feature_stages import check_features, feature_stages, features_report
from distill.inputs import Inputs
from distill.lesson import DepthCache, Lesson
from distill.objective import ObjectiveChanges
from distill.parents import PARENTS, check_parents, parents_of
from distill.recipes import Recipe, RecipeName, chosen
from distill.run_allowance import run_allowance
from distill.teacher_cache import opened_cache
from distill.training import TrainConfig, TrainSummary, train
from mde.allowance import Allowance
from mde.bins import Spacing
from mde.checkpoint import MANIFEST, load_directory
from mde.command import run_command, shut_in
from mde.device import DeviceName, pick_device
from mde.domain import DOMAINS, DomainName
from mde.enclosure import allowance_here
from mde.errors import InputError
from mde.evidence import READS, Level, check_level, evidence_of, level_now, sentence
from mde.files import read_json, sha256_file
from mde.nets import file_name_of, load_teacher
from mde.nets.net import DepthNet
from mde.nets.state import check_unchanged, state_of
from mde.nets.student import STUDENT, StudentCard, check_student, identity_of, save_student
from mde.nets.student_net import Student
from mde.nets.teacher_files import note_teacher, teacher_allowance
from mde.nets.transformation import Rung, Transformation, load_transformation
from mde.processes import Processes, join_processes
from mde.provenance import note_read, reads_noted
from mde.run_directory import REPORT, open_run, write_run_report
from mde.seal import SEAL_FILE
from mde.shards import INDEX, ShardReader, read_index
from mde.signature import read_signing_key
from synth.bank_file import cache_directory
from synth.generate import generate
from synth.generate_config import GenerateConfig

NUM_HELD_OUT = 128
HELD_OUT_SEED = 1_000_000_007
"""Seed of held-out renders; nobody trains with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DistillConfig:
    """Train a light student on the depth of a frozen teacher, on rendered images alone."""

    teacher: str
    """Architecture of the checkpoint: adabins, bts, toolbox-adabins, toolbox-bts, depthformer, meter, rtmonodepth,
    demo, demo-transformer; hf:FOLDER (Hugging Face transformers); or FILE.py:FUNCTION, your own, which is run."""
    weights: Path | None = None
    """The teacher's checkpoint; only read."""
    domain: DomainName | None = None
    """What the weights were trained on: indoor (NYU camera, 10 m) or driving (KITTI camera, 80 m); by default the
    domain of --data, and indoor where that does not exist."""
    data: Path | None = None
    """Shards of synth.generate, made when missing; by default renders/DOMAIN."""
    out: Path | None = None
    """Folder to create, or to go on in; by default runs/TEACHER-DOMAIN."""
    student: str = "mobilenetv2"
    """Student to train: mobilenetv2 (2.1 GMAC at 480x640), mobilenetv2_035 (0.6), mobilenetv4_small (1.6),
    efficientnet_lite0 (2.7), resnet18 (11.8), plain (1.2), or TIE-KD's tiekd_mobilenetv2 (212), tiekd_resnet18 (160) or
    tiekd_resnet50 (303); any as NAME+lg, with local-global convolutions; or FILE.py:FUNCTION, yours, which is run."""
    backbone: Path | None = None
    """Weights, timm's for the student's backbone, to begin from; a local file. What was pretrained on real images
    carries what they show into the student, so card and report name the file."""
    recipe: RecipeName = "default"
    """What the student is taught, in full; --objective.* changes single things of it. default, KL + 3 (1 - SSIM) + 0.5
    gradient + 0.5 log; nyu, the same with 1 (1 - SSIM) and SILog for log; tiekd, KL + 9 (1 - SSIM) on its uniform bins;
    tiekd-reference, with the biased target of its released code; or one of its baselines, such as response-si."""
    bins: Spacing | None = None
    """Spacing of the bins of the depth probability map: uniform in metres, as TIE-KD has it, or log; by default the
    recipe's own: uniform for tiekd, log for all others."""
    num_renders: int = 2000
    """Images to render at the teacher's size when --data is missing."""
    align_teacher: bool = False
    """For teachers of relative or disparity depth: fit their scale to the depth of each render."""
    transform: Rung = "affine"
    """Transformation that brings renders to where the teacher is at home: affine (12 parameters), network (3,215),
    network-large (1.4 M), or identity for none, which teachers without BatchNorm need."""
    statistics: str = "batchnorm"
    """What the teacher knows its images by: batchnorm, the running statistics in its checkpoint; owner:FILE, moments
    that the owner of its data wrote with adapt.moments, for layers without; patch-similarity, for transformers, needs
    neither; or none."""
    teacher_cache: Path | None = None
    """Folder in which the teacher's depth is kept, in half precision (off by at most 0.05 %), for images that come
    again: in later epochs, and for other students on the same transformed images. By default it is always asked."""
    choose: Literal["last", "proxy"] = "last"
    """Which checkpoint becomes the student: the last, or the one of the second half that follows the teacher best on
    renders of other scenes seen by other cameras, where that is clearly better. Never decided by real images."""
    held_out: Path | None = None
    """Renders of other scenes for --choose proxy, made when missing; by default the folder of --data and -held-out."""
    no_real_data: bool = False
    """Shut the run in: it reads its teacher, its renders and its own folder, has no network, and every file is listed.
    What the kernel cannot enforce is observed. (Records that are not synthetic stop every run.)"""
    require: Level | None = None
    """Refuse to run below this level of --no-real-data: observed (what Python itself opens) or enforced (by Linux)."""
    allow: tuple[Path, ...] = ()
    """Further files or folders that the run may read; the report names them."""
    signing_key: Path | None = None
    """Ed25519 key (PEM) that signs the seal of the finished student and the statements about it; see mde.verify."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    device: DeviceName = "auto"
    """Where to compute; auto takes CUDA when it is there."""
    train: TrainConfig = field(default_factory=TrainConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    objective: ObjectiveChanges = field(default_factory=ObjectiveChanges)
    fit: FitConfig = field(default_factory=FitConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)

    def __post_init__(self) -> None:
        check_student(self.student)
        if self.seed < 0:
            raise InputError(f"--seed {self.seed} must not be negative")
        if not self.no_real_data and (self.require is not None or self.allow):
            raise InputError("--require and --allow say how --no-real-data is kept; add it, or leave them out")
        if self.augment.mix > 0.0 and self.train.batch_size < 2:
            raise InputError(
                "--augment.mix needs --train.batch-size 2 or more, as pictures of a batch exchange objects; or take 0"
            )
        if self.teacher_cache is not None and self.features.kind != "off":
            raise InputError("--teacher-cache keeps depth, not features; leave it out, or --features.kind")
        if self.teacher_cache is not None and self.augment.is_new_each_time:
            raise InputError(
                "--teacher-cache keeps depth of images that come again, which mixed and randomised ones never do; "
                "leave it out, or take --augment.mix 0 and either --augment.randomise 0 or --augment.student-only"
            )

    @property
    def rung(self) -> Rung:
        """The transformation that is fitted: none without statistics."""
        return "identity" if self.statistics == NONE else self.transform

    @property
    def owner_file(self) -> Path | None:
        """The owner's statistics, where they are matched."""
        return None if self.rung == "identity" else owner_file(self.statistics)


def main(config: DistillConfig) -> None:
    """Run the command, with --no-real-data shut in before anything that the options name is opened."""
    if config.no_real_data:
        shut_in("distill.run", lambda: allowance_of(config), config.allow)
    distill(config)


def distill(config: DistillConfig) -> None:
    """Run the stage: renders, transformation, student, ONNX file, report.

    Of several processes the first makes what all need, and writes what all have learned. Called from Python, a run with
    `no_real_data` is watched and kept to its list, and not enclosed (`mde.enclosure`).
    """
    level, why = level_now(is_watched=config.no_real_data)
    check_level(level, why, config.require)
    processes = join_processes(config.device)
    processes.places(config.train.batch_size)  # before anything is written, like the teacher
    domain, data, out = places(config)
    config = resolved(config, domain)
    key = None if config.signing_key is None else read_signing_key(config.signing_key)
    teacher = load_teacher(config.teacher, config.weights, domain=domain)
    state = state_of(teacher)
    student = check_beginning(config.student, config.backbone, DOMAINS[domain])
    check_features(config.features, teacher, student, config.student)
    check_alignment(teacher.spec.kind, is_aligned=config.align_teacher, teacher=config.teacher)
    targets = {} if config.rung == "identity" else statistics_targets(config.statistics, teacher)
    with ExitStack() as stack:
        with processes.first_ahead():
            free = ("device", "weights", "data", "out", "require", "allow", "signing_key")
            goes_on = open_run(out, "distill.run", config, free=free, is_shared=not processes.is_first)
            if config.no_real_data:
                stack.enter_context(
                    reads_noted(out / READS, allowance_here(lambda: allowance_of(config), config.allow))
                )
                note_teacher(teacher, config.weights)
                for file in (config.owner_file, config.backbone):
                    if file is not None:
                        note_read(file)
            reader = renders(config, data, teacher)
            files = {"statistics": config.owner_file, "backbone": config.backbone}
            check_parents(out, parents_of(teacher, data, config.student, files), goes_on=goes_on)
            inputs = Inputs(teacher=teacher, weights=config.weights, reader=reader, files=files, student=config.student)
            if goes_on and (out / REPORT).is_file():  # written last but for what states and seals it
                print(f"{out} {close_again(out, inputs, key)}")
                return
            teacher.to(processes.device)
            cache = None
            if config.teacher_cache is not None:
                cache = opened_cache(config.teacher_cache, teacher, len(reader))
            held_out = held_out_renders(config, data, teacher) if config.choose == "proxy" else None
            transformation = fitted_transformation(config, teacher, targets, reader, out)
        summary = train_student(
            config, teacher, transformation, reader, out, cache=cache, held_out=held_out, processes=processes
        )
        if not processes.is_first:
            return
        export = export_student(reader, out, own=(config.student,))
    check_unchanged(teacher, state, name=teacher.spec.name)
    evidence = evidence_of(level, why, out / READS)
    report = {
        "parents": read_json(out / PARENTS),
        "teacher_state": {"before": state.sha256, "after": state_of(teacher).sha256},
        "student": asdict(export),
        "images_painted_by": painter_of(reader.index),
        "scale_from": "renders" if config.align_teacher else "teacher",
        "training": {**asdict(summary), "images_per_second": _number(summary.images_per_second)},
        "features": features_report(config.features, out),
        "checkpoint": {"step": load_directory(out / STUDENT).sidecar["step"], "proxy": scores_of(out)},
        "teacher_cache": None if cache is None else cache.figures(),
        "evidence": asdict(evidence),
        "no_real_data": data_statement(out, reader) if config.no_real_data else None,
        "seal": SEAL_FILE,
    }
    write_run_report(out, report)
    close_run(out, inputs, key)
    print(sentence(evidence))
    print(f"student: {out}/{STUDENT}   ONNX: {out}/{ONNX} (worst relative error {export.max_relative_error:.1e})")


def allowance_of(config: DistillConfig) -> Allowance:
    """What the run of this configuration may read and write, beside what every run may."""
    domain, data, out = places(config)
    held_out = (config.held_out or held_out_folder(data)) if config.choose == "proxy" else None
    return run_allowance(
        teacher=teacher_allowance(config.teacher, config.weights, domain),
        student=config.student,
        files=(config.owner_file, config.backbone, config.signing_key),
        renders=(data, held_out),
        writes=(out, config.teacher_cache),
        renderer_cache=cache_directory(),
    )


def places(config: DistillConfig) -> tuple[DomainName, Path, Path]:
    """Domain, folder of renders and folder of the run, with their defaults filled in."""
    domain: DomainName = config.domain or "indoor"
    if config.domain is None and config.data is not None and (config.data / INDEX).is_file():
        domain = DOMAINS[read_index(config.data).domain].name
    data = config.data or Path("renders") / domain
    return domain, data, config.out or Path("runs") / f"{file_name_of(config.teacher)}-{domain}"


def recipe_of(config: DistillConfig, domain: DomainName) -> Recipe:
    """The recipe with the changes that the options make to it."""
    return chosen(config.recipe, DOMAINS[domain], config.objective, config.bins)


def resolved(config: DistillConfig, domain: DomainName) -> DistillConfig:
    """The same run with everything said that its recipe and the domain leave open."""
    recipe = recipe_of(config, domain)
    objective = ObjectiveChanges(**asdict(recipe.objective))
    return replace(config, domain=domain, bins=recipe.spacing, objective=objective)


def renders(config: DistillConfig, data: Path, teacher: DepthNet) -> ShardReader:
    """The shards of `data`, made first when they are missing or unfinished."""
    domain = teacher.spec.domain
    if not (data / INDEX).is_file():
        height, width = teacher.spec.framing.frame_size
        generate(GenerateConfig(n=config.num_renders, domain=domain, out=data, size=f"{height}x{width}"))
    reader = ShardReader(data)
    if reader.domain != domain:
        raise InputError(
            f"{data} holds {reader.domain} images and the teacher is for {domain}; give --domain {reader.domain}"
        )
    return reader


def held_out_folder(data: Path) -> Path:
    """Where held-out renders lie unless the user says otherwise."""
    return data.with_name(f"{data.name}-held-out")


def held_out_renders(config: DistillConfig, data: Path, teacher: DepthNet) -> ShardReader:
    """Renders that no student learns from, made first when they are missing; seeds beyond those of users."""
    folder = config.held_out or held_out_folder(data)
    if not (folder / INDEX).is_file():
        height, width = teacher.spec.framing.frame_size
        domain = teacher.spec.domain
        generate(
            GenerateConfig(n=NUM_HELD_OUT, domain=domain, out=folder, seed=HELD_OUT_SEED, size=f"{height}x{width}")
        )
    reader = ShardReader(folder)
    if reader.index.config_sha256 == read_index(data).config_sha256:
        raise InputError(f"--held-out {folder} holds the renders that the student learns from; give others")
    return reader


def fitted_transformation(
    config: DistillConfig, teacher: DepthNet, targets: dict[str, Target], reader: ShardReader, out: Path
) -> Transformation | None:
    """The transformation of this run, fitted first when it is missing; None for the identity."""
    if config.rung == "identity":
        return None
    directory = out / "adapt" / TRANSFORMATION
    if not (directory / MANIFEST).is_file():
        adapt_teacher(teacher, targets, reader, config.fit, out / "adapt", rung=config.rung, seed=config.seed)
    return load_transformation(directory, teacher_sha256=teacher.spec.weights_sha256)


def train_student(
    config: DistillConfig,
    teacher: DepthNet,
    transformation: nn.Module | None,
    reader: ShardReader,
    out: Path,
    *,
    cache: DepthCache | None = None,
    held_out: ShardReader | None = None,
    processes: Processes | None = None,
    until: int | None = None,
) -> TrainSummary:
    """Train a student to its last step and save it in `out`; goes on where a killed run was, and stops at `until`."""
    domain = DOMAINS[teacher.spec.domain]
    recipe = recipe_of(config, domain.name)
    processes = processes or Processes(device=pick_device(config.device))
    name, code_sha256 = identity_of(config.student)
    card = StudentCard(
        name=name,
        domain=domain.name,
        native_size=teacher.spec.native_size,
        frame_size=teacher.spec.frame_size,
        depth_range_m=domain.depth_range_m,
        bins=domain.bins_spaced(recipe.spacing),
        teacher=teacher.spec.name,
        teacher_sha256=teacher.spec.weights_sha256,
        teacher_licence=teacher.spec.licence,
        step=config.train.num_steps,
        images_painted_by=painter_of(reader.index),
        backbone_sha256=None if config.backbone is None else sha256_file(config.backbone),
        code_sha256=code_sha256,
    )

    def begin() -> Student:
        student = first_student(card, own=(config.student,), backbone=config.backbone, seed=config.seed)
        return student.to(processes.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    lesson = Lesson(
        teacher=teacher.to(processes.device),
        transformation=None if transformation is None else transformation.to(processes.device),
        objective=recipe.objective,
        augment=config.augment,
        cache=cache,
        align_teacher=config.align_teacher,
    )
    judge = (
        None if held_out is None else ProxyJudge(teacher, lesson.transformation, held_out, out, config.train.num_steps)
    )
    stages = feature_stages(
        begin, card, lesson, reader, config.features, config.train, out, seed=config.seed, processes=processes
    )
    with stages as (student, lesson):
        summary = train(
            student, lesson, reader, config.train, out, seed=config.seed, processes=processes, judge=judge, until=until
        )
    if processes.is_first:
        step = choose(student, out, config.train.num_steps)
        save_student(out / STUDENT, student, replace(card, step=step))
    return summary


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


if __name__ == "__main__":
    run_command(main, DistillConfig, "distill.run")
