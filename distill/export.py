"""Export a finished student: one file that gives the student's depth, or no file.

python -m distill.export --run runs/meter-driving --to onnx
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.command import run_command
from mde.errors import InputError
from mde.files import atomic_file, sha256_file
from mde.nets import load_student
from mde.nets.net import DepthNet

ONNX = "student.onnx"
MAX_RELATIVE_ERROR = 1e-3
"""An exported depth may be off by this share of the student's depth, at any pixel."""


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Write a finished student in a format for deployment, after checking that it gives the same depth."""

    run: Path
    """Run directory of `python -m distill.run`, or its `student` directory."""
    to: Literal["onnx"] = "onnx"
    """Format of the file."""
    out: Path | None = None
    """File to write; by default `student.onnx` in the run directory."""
    own_student: str | None = None
    """FILE.py:FUNCTION that built the student, where it is your own; it is run."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was written, and how far its depth is from the student's."""

    path: str
    sha256: str
    max_relative_error: float
    bound: float = MAX_RELATIVE_ERROR


class _DepthOnly(nn.Module):
    """The student at its native size: one tensor in, one tensor out, normalisation inside."""

    def __init__(self, net: DepthNet) -> None:
        super().__init__()
        self.core = net.core

    def forward(self, image: Tensor) -> Tensor:
        return self.core(image).depth_m


def export_onnx(net: DepthNet, path: Path, probes: Float[Tensor, "batch 3 height width"]) -> ExportReport:
    """Write `net` as ONNX with dynamic batch and size, and keep it only if ONNX Runtime agrees with torch.

    `probes` are images of the native size on which both are compared. Raises InputError, leaving no
    file behind, when any pixel's depth differs by more than `MAX_RELATIVE_ERROR`.
    """
    program = onnx_bytes(net)
    error = onnx_error(program, net, probes)
    if not error <= MAX_RELATIVE_ERROR:  # also when not a number
        raise InputError(
            f"{path} was not written: ONNX Runtime's depth is off by {error:.2e} of the student's, "
            f"more than {MAX_RELATIVE_ERROR:.0e}"
        )
    with atomic_file(path) as stream:
        stream.write(program)
    return ExportReport(path=path.name, sha256=sha256_file(path), max_relative_error=error)


def onnx_bytes(net: DepthNet) -> bytes:
    """The network as an ONNX model (opset 18): `image` (B,3,H,W) RGB in [0,1] to `depth_m` (B,1,H,W)."""
    example = torch.zeros(2, 3, *net.spec.native_size)
    sizes = {"image": {0: "batch", 2: "height", 3: "width"}}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
        program = torch.onnx.export(
            _DepthOnly(net).cpu().eval(),
            (example,),
            dynamo=True,
            input_names=["image"],
            output_names=["depth_m"],
            dynamic_shapes=sizes,
            opset_version=18,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for entry in model.metadata_props:
        entry.Clear()
    del model.metadata_props[:]
    spec = net.spec
    onnx.helper.set_model_props(
        model,
        {
            "kind": "metric_depth",
            "unit": "metre",
            "domain": spec.domain,
            "depth_range_m": f"{spec.depth_range_m[0]} {spec.depth_range_m[1]}",
            "native_size": f"{spec.native_size[0]} {spec.native_size[1]}",
            "weights_sha256": spec.weights_sha256,
        },
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


def onnx_error(program: bytes, net: DepthNet, probes: Tensor) -> float:
    """Worst relative difference of ONNX Runtime's depth to torch's, over all pixels of `probes`."""
    session = onnxruntime.InferenceSession(program, providers=["CPUExecutionProvider"])
    answer = session.run(["depth_m"], {"image": probes.numpy()})[0]
    with torch.inference_mode():
        expected = net.core(probes).depth_m.numpy()
    return float(np.max(np.abs(answer - expected) / expected))


def export(config: ExportConfig) -> ExportReport:
    """Export the student of a finished run, probed on uniform noise and on flat grey."""
    net = load_student(config.run, own=() if config.own_student is None else (config.own_student,))
    path = config.out if config.out is not None else config.run / ONNX
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = torch.rand(3, 3, *net.spec.native_size, generator=torch.Generator().manual_seed(0))
    report = export_onnx(net, path, torch.cat([noise, torch.full_like(noise[:1], 0.5)]))
    print(f"{path}: worst relative error {report.max_relative_error:.1e} (bound {report.bound:.0e})")
    return report


if __name__ == "__main__":
    run_command(export, ExportConfig, "distill.export")
