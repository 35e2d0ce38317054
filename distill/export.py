"""Export a finished student: one file that gives the student's depth, or no file.

python -m distill.export --run runs/meter-driving --to onnx-int8 --data renders/driving
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from distill.executorch_export import executorch_program
from distill.int8 import Calibration, int8_program
from distill.onnx_export import onnx_program
from distill.openvino_export import openvino_program
from distill.program import Bounds, ExportReport, Program, checked_path, write_program
from distill.torchscript_export import torchscript_program
from mde.batch import batch_numbers, read_images
from mde.command import run_command
from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.run_directory import CONFIG
from mde.shards import INDEX, ShardReader

ONNX = "student.onnx"
NUM_PROBES = 4
"""Renders on which a float program is compared, beside noise and grey."""
NUM_INT8_PROBES = 32
"""Renders on which an int8 program is compared, none of them seen in calibration."""


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Write a finished student in a format for deployment, after checking that it gives the same depth."""

    run: Path
    """Run directory of `python -m distill.run`, or its `student` directory."""
    to: Literal["onnx", "onnx-int8", "torchscript", "executorch", "openvino"] = "onnx"
    """Format of the file. executorch and openvino need the extras of the same name; executorch takes the native size
    alone, the others any."""
    out: Path | None = None
    """File to write; by default student.onnx, student-int8.onnx, student.pt, student.pte or student.xml (with
    student.bin), in the run directory."""
    own_student: str | None = None
    """FILE.py:FUNCTION that built the student, where it is your own; it is run."""
    data: Path | None = None
    """Renders (shards of synth.generate) to compare on, and to calibrate int8 on; by default those of the run, where
    they still exist."""
    num_calibration: int = 64
    """Renders on which the ranges of int8 activations are measured; others are compared on."""

    def __post_init__(self) -> None:
        if self.num_calibration < 1:
            raise InputError(f"--num-calibration {self.num_calibration} must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A format: the files that it consists of, how they are made, and how far off they may be."""

    file_name: str
    program: Callable[[DepthNet, Calibration | None], Program]
    bounds: Bounds
    other_suffixes: tuple[str, ...] = ()
    """Of files beside the one of `file_name`."""
    is_calibrated: bool = False
    """Whether `program` needs a calibration."""


def export(config: ExportConfig) -> ExportReport:
    """Export the student of a finished run, compared on renders where there are some, and on noise and grey.

    int8 is calibrated on renders and compared on others of them alone: noise is no image that it is calibrated for.
    """
    net = load_student(config.run, own=() if config.own_student is None else (config.own_student,))
    target = TARGETS[config.to]
    suffixes = (Path(target.file_name).suffix, *target.other_suffixes)
    path = checked_path(config.out or config.run / target.file_name, suffixes)
    reader = run_renders(config, net)
    if target.is_calibrated:
        calibration, probes = calibration_images(config, net, reader)
    else:
        calibration, probes = None, float_probes(net, reader)
    report = write_program(target.program(net, calibration), net, path, probes, target.bounds)
    print(
        f"{path}: {report.runtime} is off by {report.max_relative_error:.1e} of the student's depth at worst, "
        f"{report.percentile_99:.1e} at the 99th percentile, {report.mean_relative_error:.1e} in the mean "
        f"({bounds_in_words(report.bounds)})"
    )
    return report


def export_onnx(net: DepthNet, path: Path, probes: Float[Tensor, "batch 3 height width"]) -> ExportReport:
    """Write `net` as ONNX in float32 if ONNX Runtime agrees with torch on `probes`, images of the native size.

    Raises InputError, leaving no file behind, where any pixel's depth differs by more than the bound.
    """
    return write_program(onnx_program(net), net, path, probes, TARGETS["onnx"].bounds)


def export_student(reader: ShardReader, out: Path, *, own: tuple[str, ...] = ()) -> ExportReport:
    """Write the finished student of `out`, built by a file among `own` where it is none of ours, as ONNX.

    It is probed on a few renders.
    """
    net = load_student(out, own=own)
    probes = read_images(reader, list(range(min(NUM_PROBES, len(reader)))), net.spec.framing)
    return export_onnx(net, out / ONNX, probes)


def run_renders(config: ExportConfig, net: DepthNet) -> ShardReader | None:
    """The renders of `--data`, or those that the run learned from, where they still exist.

    Raises InputError for a folder without renders and for those of another domain.
    """
    data = config.data or data_of_run(config.run, net)
    if config.data is None and not (data / INDEX).is_file():
        return None
    reader = ShardReader(data, verify=False)  # a few images are read, and a damaged one is seen then
    if reader.domain != net.spec.domain:
        raise InputError(
            f"{data} holds {reader.domain} images and the student is for {net.spec.domain}; name others by --data"
        )
    if len(reader) == 0:
        raise InputError(f"{data} holds no image; give other renders by --data")
    return reader


def data_of_run(run: Path, net: DepthNet) -> Path:
    """The folder of renders that the configuration of the student's run names; that may be gone by now."""
    folder = run if (run / STUDENT).is_dir() else run.resolve().parent
    written = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    options = written.get("config") if isinstance(written, dict) else None
    named = options.get("data") if isinstance(options, dict) else None
    return Path(named) if isinstance(named, str) else Path("renders") / net.spec.domain


def float_probes(net: DepthNet, reader: ShardReader | None) -> Float[Tensor, "batch 3 height width"]:
    """Some renders, three images of noise and a grey one, of native size."""
    noise = torch.rand(3, 3, *net.spec.native_size, generator=torch.Generator().manual_seed(0))
    made = torch.cat([noise, torch.full_like(noise[:1], 0.5)])
    if reader is None:
        return made
    numbers = batch_numbers(len(reader), min(NUM_PROBES, len(reader)), seed=0, step=0)
    return torch.cat([made, read_images(reader, numbers, net.spec.framing)])


def calibration_images(
    config: ExportConfig, net: DepthNet, reader: ShardReader | None
) -> tuple[Calibration, Float[Tensor, "batch 3 height width"]]:
    """Renders to calibrate on and others to compare on, drawn from all with a fixed seed.

    Raises InputError where there are too few.
    """
    if reader is None:
        raise InputError(
            f"--to {config.to} is calibrated on renders and those of {config.run} are gone; name some by --data, "
            "made by: python -m synth.generate"
        )
    num = config.num_calibration
    if len(reader) < num + NUM_INT8_PROBES:
        raise InputError(
            f"{reader.directory} holds {len(reader)} renders; --num-calibration {num} needs {num + NUM_INT8_PROBES}, "
            f"as {NUM_INT8_PROBES} others are compared on"
        )
    numbers = batch_numbers(len(reader), num + NUM_INT8_PROBES, seed=0, step=0)
    images = read_images(reader, numbers, net.spec.framing)
    return Calibration(images=images[:num], data_sha256=sha256_file(reader.directory / INDEX)), images[num:]


def bounds_in_words(bounds: Bounds) -> str:
    """`bound: worst 0.001`, for instance."""
    words = (f"{name.replace('_', ' ')} {bound:g}" for name, bound in asdict(bounds).items() if bound is not None)
    return f"bound: {', '.join(words)}"


def _int8(net: DepthNet, calibration: Calibration | None) -> Program:
    assert calibration is not None
    return int8_program(net, calibration)


FLOAT = Bounds(worst=1e-3)
"""float32 sums in another order: measured below 1e-5; a wrong layer or size is off by more."""
INT8 = Bounds(mean=0.03, percentile_99=0.1)
"""Measured 0.0105 and 0.043 (mobilenetv2_035, 600 steps of the demo): room for other students, none for a wrong one."""
TARGETS: dict[str, Target] = {
    "onnx": Target(file_name=ONNX, program=lambda net, _: onnx_program(net), bounds=FLOAT),
    "onnx-int8": Target(file_name="student-int8.onnx", program=_int8, bounds=INT8, is_calibrated=True),
    "torchscript": Target(file_name="student.pt", program=lambda net, _: torchscript_program(net), bounds=FLOAT),
    "executorch": Target(file_name="student.pte", program=lambda net, _: executorch_program(net), bounds=FLOAT),
    "openvino": Target(
        file_name="student.xml",
        program=lambda net, _: openvino_program(net),
        bounds=FLOAT,
        other_suffixes=(".bin",),
    ),
}
"""Formats by name."""


if __name__ == "__main__":
    run_command(export, ExportConfig, "distill.export")
