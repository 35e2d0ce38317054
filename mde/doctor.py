"""Say what a teacher is, what it costs, what its depth looks like, and what will work with it.

python -m mde.doctor --teacher meter --weights meter_kitti.pth --domain driving
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mde.command import run_command
from mde.connections import connections_noted
from mde.depth_picture import plot_depth
from mde.device import DeviceName, pick_device
from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.examination import Examination, FrameDepth, examine
from mde.nets import load_teacher
from mde.nets.batchnorm import Norms
from mde.nets.net import DepthNet, NetSpec
from mde.nets.state import check_unchanged, state_of
from mde.plain_scene import Frame, plain_frame
from mde.run_directory import open_run, write_run_report
from mde.shards import ShardReader
from mde.view import view_of

NUM_FRAMES = 3
PICTURE = "depth.png"
MEANINGS = {
    "metric": "depth z in metres",
    "disparity": "inverse depth up to one factor; its depth has no unit",
    "relative": "inverse depth up to a factor and an offset; its depth has no unit",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorConfig:
    """Examine a teacher before a run is spent on it: what it answers, what it costs, what adapt and distill can do."""

    teacher: str
    """Architecture of the checkpoint: adabins, bts, toolbox-adabins, toolbox-bts, depthformer, meter, rtmonodepth,
    demo; hf:FOLDER (Hugging Face transformers); or FILE.py:FUNCTION, your own, which is run."""
    weights: Path | None = None
    """The teacher's checkpoint; only read."""
    domain: DomainName = "indoor"
    """What the weights were trained on."""
    data: Path | None = None
    """Shards of synth.generate, whose first three frames are shown; by default three plain scenes of boxes."""
    out: Path | None = None
    """Folder to create, or to examine again in; by default runs/doctor/TEACHER-DOMAIN-DIGEST."""
    device: DeviceName = "auto"
    """Where to compute; auto takes CUDA when it is there."""


def doctor(config: DoctorConfig) -> Examination:
    """Examine, write `report.json` and `depth.png`, and print what people want to know."""
    with connections_noted() as addresses:
        teacher = load_teacher(config.teacher, config.weights, domain=config.domain)
    frames = frames_of(config, teacher)
    out = config.out or Path("runs") / "doctor" / folder_name(teacher.spec)
    open_run(out, "mde.doctor", config, free=("device", "weights", "out"))
    state = state_of(teacher)
    found, depth_m = examine(teacher.to(pick_device(config.device)), frames)
    check_unchanged(teacher, state, name=teacher.spec.name)
    is_metric = teacher.spec.kind == "metric"
    plot_depth(frames, depth_m, out / PICTURE, is_metric=is_metric, title=f"{teacher.spec.name}, {config.domain}")
    report = {
        "parents": {"teacher": teacher.spec.weights_sha256},
        "teacher_state": state.sha256,
        "spec": asdict(teacher.spec),
        "connections_tried": addresses,
        "examination": asdict(found),
        "adapt": adapt_verdict(found.norms, has_gradient=found.has_gradient),
        "distill": distill_verdict(teacher.spec),
    }
    write_run_report(out, report)
    print("\n".join(lines_of(teacher, found, out, addresses=addresses)))
    if config.data is None:
        print("  These frames are floors and boxes, which few teachers know: give --data for renders.")
    return found


def frames_of(config: DoctorConfig, teacher: DepthNet) -> list[Frame]:
    """Three frames at the teacher's native size: of `--data`, or plain scenes."""
    framing = teacher.spec.framing
    if config.data is None:
        domain = DOMAINS[config.domain]
        wholes = [plain_frame(domain, framing.frame_size, number=number) for number in range(NUM_FRAMES)]
    else:
        reader = ShardReader(config.data)
        if reader.domain != config.domain:
            raise InputError(
                f"{config.data} holds {reader.domain} images; give --domain {reader.domain}, or other --data"
            )
        views = [view_of(reader[number]) for number in range(min(NUM_FRAMES, len(reader)))]
        wholes = [Frame(image=view.image, depth_m=view.depth_m) for view in views]
    return [
        Frame(image=framing.image(whole.image[None])[0], depth_m=framing.depth(whole.depth_m[None])[0])
        for whole in wholes
    ]


def folder_name(spec: NetSpec) -> str:
    """A name for this teacher with these weights."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", spec.name).strip("_")
    return f"{name}-{spec.domain}-{spec.weights_sha256[:8]}"


def lines_of(teacher: DepthNet, found: Examination, out: Path, *, addresses: Sequence[str] = ()) -> list[str]:
    """The report for people."""
    spec = teacher.spec
    low, high = spec.depth_range_m
    height, width = spec.native_size
    memory = "unknown memory" if found.peak_bytes is None else f"{found.peak_bytes / 1e6:.0f} MB beside the weights"
    rows = [
        ("answers", f"{MEANINGS[spec.kind]}, {low:g} to {high:g}" + (" m" if spec.kind == "metric" else "")),
        ("trained at", f"{height}x{width}, {spec.domain}"),
        ("loads", f"after asking for {', '.join(addresses)}" if addresses else "offline; no connection was tried"),
        ("takes", sizes_line(teacher, found)),
        ("network", f"{found.num_parameters:,} parameters, {found.num_macs / 1e9:.2f} GMAC per image"),
        ("BatchNorm", norms_line(found.norms)),
        ("one image", f"{found.processor_s:.2f} s of processor time, {found.wall_s:.2f} s in all, {memory}"),
        *((f"frame {number}", depth_line(frame)) for number, frame in enumerate(found.frames, start=1)),
        ("licence", f"{spec.licence}; a student learns from these weights, so its use may be bound by it"),
        ("adapt", adapt_verdict(found.norms, has_gradient=found.has_gradient)),
        ("distill", distill_verdict(spec)),
        ("picture", f"{out / PICTURE}"),
    ]
    return [f"{spec.name}, weights {spec.weights_sha256[:12]}", *(f"  {name:<11}{text}" for name, text in rows)]


def sizes_line(teacher: DepthNet, found: Examination) -> str:
    """Which image sizes work."""
    if teacher.size_rule is None:
        return "any size: images are resized to that and the depth back"
    taken = [size for size, reason in found.size_refusals.items() if reason is None]
    reasons = [reason for reason in found.size_refusals.values() if reason is not None]
    rule = f"; {reasons[0]}" if reasons else ""
    return f"{', '.join(taken) or 'none'} of the {len(found.size_refusals)} sizes tried{rule}"


def norms_line(norms: Norms) -> str:
    """Where BatchNorm is and whether it learned."""
    parts = ", ".join(f"{part.name.removeprefix('core.') or 'all'} {part.num_layers}" for part in norms.parts)
    others = "".join(
        f"; {count} {word}"
        for count, word in (
            (norms.num_untouched, "with untouched statistics (mean 0, variance 1)"),
            (norms.num_idle, "that never run"),
            (norms.num_frozen, "frozen ones of another class"),
            (norms.num_other, "other norms (LayerNorm and the like)"),
        )
        if count
    )
    learned = "; all statistics look trained" if norms.num_layers and not norms.num_untouched else ""
    return f"{norms.num_layers} layers ({parts}){learned}{others}"


def depth_line(frame: FrameDepth) -> str:
    """Depth of one frame beside the truth."""
    ratio = "" if frame.ratio_to_truth is None else f", median {frame.ratio_to_truth:.2f} of the truth"
    return (
        f"{frame.lowest:.3g} to {frame.highest:.3g}, median {frame.median:.3g}{ratio}, "
        f"rank correlation {frame.rank_correlation:.2f}"
    )


def adapt_verdict(norms: Norms, *, has_gradient: bool) -> str:
    """What adapt.run can do with such a network, and what to do where it cannot."""
    without = "use distill.run --transform identity"
    num_stored = norms.num_layers + norms.num_frozen
    if norms.looks_folded:
        return (
            f"will not work: no norm at all and biases everywhere, so BatchNorm was folded in or never was; {without}"
        )
    if not has_gradient:
        return f"will not work: no gradient reaches the image; {without}"
    if num_stored == 0 and norms.num_other == 0:
        return f"will not work: there are no norms whose input could be matched; {without}"
    if num_stored == 0:
        return (
            "needs other statistics: no BatchNorm; let the owner of the data run adapt.moments for --statistics "
            f"owner:FILE, or {without}"
        )
    if norms.num_frozen == 0 and norms.num_untouched == norms.num_layers:
        return f"must not be used: no statistics were learned, matching them would spoil the images; {without}"
    if norms.num_frozen == 0 and norms.num_idle == norms.num_layers:
        return f"will not work: none of the {norms.num_layers} BatchNorm layers ever runs; {without}"
    untouched = f"; {norms.num_untouched} have learned no statistics" if norms.num_untouched else ""
    return f"works: {num_stored - norms.num_idle} of {num_stored} BatchNorm layers run and are matched{untouched}"


def distill_verdict(spec: NetSpec) -> str:
    """Whether students can learn metres from such a teacher."""
    if spec.kind == "metric":
        return "works: the student learns metres"
    return "needs depth with a unit, and this has none: it must be aligned on renders first"


if __name__ == "__main__":
    run_command(doctor, DoctorConfig, "mde.doctor")
