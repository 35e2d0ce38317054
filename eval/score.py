"""Score: several networks on the same frames under one protocol, in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from tqdm import tqdm

from eval.alignment import ALIGNMENTS, AS_IT_STANDS, Alignment, Fit, check_kind
from eval.answer import Answer, Source, answer, protocol_input
from eval.bands import band_edges
from eval.breakdown import Breakdown, cells_of
from eval.constancy import Constancy
from eval.doubt import Coverage
from eval.frame import Frame
from eval.gallery import Gallery, Panel, Picture
from eval.metrics import RmseMean, image_metrics, mean_figures
from eval.protocol import Protocol, finish, scored_truth, valid_mask
from eval.reading import Unusable
from eval.unit import UnitEvidence
from mde.errors import InputError
from mde.nets.net import DepthNet, NetSpec


@dataclass(frozen=True, kw_only=True)
class ImageScore:
    """Figures of one network on one image under one alignment."""

    net: str
    frame: str
    scene: str
    alignment: Alignment
    fit: Fit
    """What the alignment put on the prediction."""
    num_pixels: int
    metrics: dict[str, float]

    @property
    def scale(self) -> float:
        """Factor of the fit; 1 without alignment."""
        return self.fit.scale

    @property
    def shift(self) -> float:
        """What the fit adds; 0 without alignment."""
        return self.fit.shift


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A frame that could not be scored."""

    name: str
    reason: str
    is_fault: bool = False
    """Whether its files are at fault, and not just without ground truth."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Everything that a report is made of."""

    protocol: Protocol
    alignments: tuple[Alignment, ...]
    """In the order of the tables; the protocol's own comes first and decides pictures and verdict."""
    specs: dict[str, NetSpec]
    reference: str | None
    """The network that the others are compared with, if any."""
    images: tuple[ImageScore, ...]
    fidelity: tuple[ImageScore, ...]
    """The others against the reference's prediction in place of the truth, unaligned."""
    skipped: tuple[Skipped, ...]
    breakdowns: dict[tuple[str, Alignment], Breakdown]
    coverage: dict[tuple[str, Alignment], Coverage]
    """How often the interval of a DPM holds the truth, of networks that have one; for alignments by a factor alone."""
    panels: tuple[Panel, ...]
    data_sha256: str
    """Digest of names, pixels, depth and focal lengths of all frames, in order."""
    unit_doubt: str | None = None
    """A sentence, where the ground truth looks as if it were read in another unit."""
    remarks: tuple[str, ...] = ()
    """What a reader must know of a network beside its figures: that it answers the same whatever it sees."""

    @property
    def num_frames(self) -> int:
        """Frames that were scored."""
        return len({score.frame for score in self.images})

    @property
    def faults(self) -> tuple[Skipped, ...]:
        """Frames whose files could not be used."""
        return tuple(item for item in self.skipped if item.is_fault)

    def of(self, net: str, alignment: Alignment) -> tuple[ImageScore, ...]:
        """Per-image figures of one network, in the order of the frames."""
        return tuple(score for score in self.images if (score.net, score.alignment) == (net, alignment))

    def mean(self, net: str, alignment: Alignment) -> dict[str, float]:
        """Unweighted mean over images of every metric."""
        return mean_metrics(self.of(net, alignment), rmse=self.protocol.rmse)


def mean_metrics(scores: Sequence[ImageScore], *, rmse: RmseMean = "mean_of_roots") -> dict[str, float]:
    """Unweighted mean over images, `rmse` as `Protocol.rmse` says. Raises ValueError for none."""
    return mean_figures([score.metrics for score in scores], rmse=rmse)


@dataclass
class _Tally:
    """What grows while frames pass."""

    images: list[ImageScore] = field(default_factory=list)
    fidelity: list[ImageScore] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    breakdowns: dict[tuple[str, Alignment], Breakdown] = field(default_factory=dict)
    coverage: dict[tuple[str, Alignment], Coverage] = field(default_factory=dict)
    constancy: dict[str, Constancy] = field(default_factory=dict)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    unit: UnitEvidence = field(default_factory=UnitEvidence)


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What stays the same for all frames."""

    nets: Mapping[str, Source]
    protocol: Protocol
    alignments: tuple[Alignment, ...]
    reference: str | None

    @property
    def gauge(self) -> str | None:
        """The network whose metres tell whether the truth was read in metres: the reference, else the first."""
        metric = [name for name, net in self.nets.items() if isinstance(net, DepthNet) and net.spec.kind == "metric"]
        return min(metric, key=lambda name: name != self.reference, default=None)

    @property
    def edges_m(self) -> tuple[float, ...]:
        return band_edges(self.protocol.depth_min_m, self.protocol.cap_m)


def _task(
    nets: Mapping[str, Source],
    protocol: Protocol,
    alignments: Sequence[Alignment] | None,
    reference: str | None,
) -> _Task:
    if not nets:
        raise InputError("nothing to score: name a --model, a --teacher or --predictions")
    for name, net in nets.items():
        if net.spec.domain != protocol.domain:
            raise InputError(
                f"{name} is a network for {net.spec.domain!r} scenes but protocol {protocol.name} scores "
                f"{protocol.domain!r} ones; a metric network is right for its own camera only"
            )
    if reference is None:
        reference = next((name for name, net in nets.items() if net.spec.role == "teacher"), None)
    wanted = tuple(dict.fromkeys(alignments or (protocol.alignment,)))
    ordered = tuple(sorted(wanted, key=lambda name: name != protocol.alignment))
    for name, net in nets.items():
        check_kind(net.spec.kind, ordered, net=name)
    return _Task(nets=nets, protocol=protocol, alignments=ordered, reference=reference)


def score(
    nets: Mapping[str, Source],
    frames: Iterable[Frame | Unusable],
    protocol: Protocol,
    *,
    alignments: Sequence[Alignment] | None = None,
    reference: str | None = None,
    num_panels: int = 6,
    num_worst: int = 0,
    is_quiet: bool = False,
) -> Scores:
    """Score all networks on all frames.

    `alignments` defaults to the protocol's own; each is a protocol of its own (and has its own digest),
    scored on the same predictions. `reference` names the network to compare with (a teacher); without
    it the first network with that role is taken. Of the frames, `num_panels` spread over the set and the
    `num_worst` of largest error are kept as pictures.

    Raises InputError for no network, for a network of another domain than the protocol's or of a kind of depth that an
    alignment cannot judge, and where no frame can be scored.
    """
    task = _task(nets, protocol, alignments, reference)
    tally, gallery = _Tally(), Gallery(num_panels, num_worst)
    for frame in tqdm(frames, desc="eval", unit="frame", disable=is_quiet):
        if isinstance(frame, Unusable):
            tally.skipped.append(Skipped(name=frame.name, reason=frame.reason, is_fault=True))
            continue
        scored = _score_frame(frame, task, tally)
        if scored is not None:
            gallery.offer(scored.error, scored.build)
    if not tally.images:
        listed = "; ".join(f"{item.name}: {item.reason}" for item in tally.skipped[:3])
        doubt = tally.unit.doubt(protocol.domain)
        hint = f"; {doubt}" if doubt else ""
        raise InputError(f"none of {len(tally.skipped)} frames can be scored under {protocol.name} ({listed}){hint}")
    return Scores(
        protocol=protocol,
        alignments=task.alignments,
        specs={name: net.spec for name, net in nets.items()},
        reference=task.reference,
        images=tuple(tally.images),
        fidelity=tuple(tally.fidelity),
        skipped=tuple(tally.skipped),
        breakdowns=tally.breakdowns,
        coverage=tally.coverage,
        panels=gallery.panels(),
        data_sha256=tally.digest.hexdigest(),
        unit_doubt=tally.unit.doubt(protocol.domain),
        remarks=tuple(remark for name, found in tally.constancy.items() if (remark := found.remark(name))),
    )


def _score_frame(frame: Frame, task: _Task, tally: _Tally) -> _Scored | None:
    """Score one frame under all alignments; None where there is nothing to compare with."""
    _digest_frame(tally, frame)
    tally.unit.add_frame(frame)
    if frame.depth_m is None:
        tally.skipped.append(Skipped(name=frame.name, reason="no ground truth"))
        return None
    true_m = scored_truth(frame.depth_m, task.protocol)
    valid = valid_mask(true_m, task.protocol)
    if not valid.any():
        tally.skipped.append(Skipped(name=frame.name, reason="no valid depth in the scored region"))
        return None
    answers = {name: answer(net, frame, task.protocol) for name, net in task.nets.items()}
    if task.gauge is not None:
        tally.unit.add_prediction(answers[task.gauge].depth_m[valid], true_m[valid])
    cells = cells_of(true_m, valid, task.protocol)
    primary = {}
    for name, said in answers.items():
        rows = [
            _score_image(name, frame, alignment, said.to_align(alignment)[valid], true_m[valid], task)
            for alignment in task.alignments
        ]
        tally.images.extend(rows)
        tally.constancy.setdefault(name, Constancy()).add(said.unaligned)
        for row in rows:
            breakdown = tally.breakdowns.setdefault((name, row.alignment), Breakdown(edges_m=task.edges_m))
            pred_m = finish(said.to_align(row.alignment)[valid], row.fit, task.protocol)
            breakdown.add(pred_m, true_m[valid], cells)
            _count_coverage(tally, said, row, true_m, valid)
        primary[name] = rows[0]
    tally.fidelity.extend(_fidelity(frame, {name: said.depth_m for name, said in answers.items()}, task))
    judged = [name for name in primary if name != task.reference] or list(primary)
    return _Scored(
        frame=frame,
        true_m=true_m,
        valid=valid,
        answers=answers,
        primary=primary,
        protocol=task.protocol,
        error=max(primary[name].metrics["abs_rel"] for name in judged),
    )


FACTOR_ALONE: tuple[Alignment, ...] = ("none", "median")


def _count_coverage(tally: _Tally, said: Answer, row: ImageScore, true_m: Tensor, valid: Tensor) -> None:
    """Of alignments that scale the interval with the depth; what others do to it is not a factor."""
    if said.doubt is None or row.alignment not in FACTOR_ALONE:
        return
    counted = said.doubt.coverage(true_m, valid, row.fit.scale)
    if counted is not None:
        tally.coverage.setdefault((row.net, row.alignment), Coverage()).add(counted)


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """A frame that was scored, as long as it may still be shown."""

    frame: Frame
    true_m: Tensor
    valid: Tensor
    answers: Mapping[str, Answer]
    primary: Mapping[str, ImageScore]
    """Figures under the primary alignment."""
    protocol: Protocol
    error: float
    """By which the worst frames are found."""

    def build(self) -> Panel:
        """Everything that is shown of the frame."""
        frame, protocol = self.frame, self.protocol
        return Panel(
            frame=frame.name,
            scene=frame.scene,
            image=frame.image if protocol.region == "frame" else protocol_input(frame, protocol),
            true_m=torch.where(self.true_m < protocol.cap_m, self.true_m, 0.0)[0],
            valid=self.valid[0],
            pictures=tuple(_picture(said, self.primary[name], protocol) for name, said in self.answers.items()),
            error=self.error,
        )


def _picture(said: Answer, row: ImageScore, protocol: Protocol) -> Picture:
    return Picture(
        net=row.net,
        depth_m=finish(said.to_align(row.alignment), row.fit, protocol)[0],
        entropy_nat=None if said.doubt is None else said.doubt.entropy_nat(),
        relative_width=None if said.doubt is None else said.doubt.relative_width(),
        fit=row.fit,
        abs_rel=row.metrics["abs_rel"],
    )


def _digest_frame(tally: _Tally, frame: Frame) -> None:
    tally.digest.update(frame.name.encode())
    tally.digest.update((frame.image * 255.0).round().to(torch.uint8).contiguous().numpy().tobytes())
    if frame.depth_m is not None:
        tally.digest.update(frame.depth_m.contiguous().numpy().tobytes())
    if frame.focal_px is not None:
        tally.digest.update(repr(frame.focal_px).encode())


def _score_image(net: str, frame: Frame, alignment: Alignment, pred: Tensor, true_m: Tensor, task: _Task) -> ImageScore:
    fit = ALIGNMENTS[alignment](pred, true_m)
    pred_m = finish(pred, fit, task.protocol)
    return ImageScore(
        net=net,
        frame=frame.name,
        scene=frame.scene,
        alignment=alignment,
        fit=fit,
        num_pixels=len(true_m),
        metrics=image_metrics(pred_m, true_m, delta_rule=task.protocol.delta),
    )


def _fidelity(frame: Frame, predictions: Mapping[str, Tensor], task: _Task) -> list[ImageScore]:
    """Every other network against the reference's own dense prediction, on the same region; metres with metres."""
    metric = [name for name in predictions if task.nets[name].spec.kind == "metric"]
    if task.reference not in metric:
        return []
    true_m = finish(predictions[task.reference], AS_IT_STANDS, task.protocol)
    valid = valid_mask(true_m, task.protocol)
    if not valid.any():
        return []
    others = [name for name in metric if name != task.reference]
    return [_score_image(name, frame, "none", predictions[name][valid], true_m[valid], task) for name in others]
