"""Student as OpenVINO's intermediate representation: for Intel's processors and graphics."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np

from distill.onnx_export import onnx_bytes
from distill.program import Program
from mde.errors import InputError
from mde.nets.metadata import metadata_of
from mde.nets.net import DepthNet

TELEMETRY = "openvino_telemetry"
SECTION = "depth_distillation"
"""Under which the metadata lie in the model's `rt_info`."""


def openvino_program(net: DepthNet) -> Program:
    """The network's ONNX form, read by OpenVINO and kept in float32, weights in a file of their own.

    It is compiled for the comparison with float32 arithmetic: on processors with bfloat16 OpenVINO would
    otherwise compute in that, about 1 % off.
    Raises InputError where OpenVINO is not installed.
    """
    openvino = imported_openvino()
    core = openvino.Core()
    model = core.read_model(onnx_bytes(net))
    for name, words in metadata_of(net).items():
        model.set_rt_info(words, [SECTION, name])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "student.xml"
        openvino.save_model(model, str(path), compress_to_fp16=False)
        files = {suffix: path.with_suffix(suffix).read_bytes() for suffix in (".xml", ".bin")}
        compiled = core.compile_model(core.read_model(str(path)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(images: np.ndarray) -> np.ndarray:
        return np.array(compiled({"image": images})["depth_m"])

    return Program(files=files, runtime=f"OpenVINO {openvino.__version__}", run=run)


def imported_openvino() -> ModuleType:
    """The package, kept from reporting its import to its makers' statistics on the network, as it does by default."""
    with _unimportable(TELEMETRY):
        try:
            import openvino
        except ImportError as error:
            raise InputError(
                f"--to openvino needs the package openvino ({error}); run: pip install 'depth-distillation[openvino]'"
            ) from error
    package: ModuleType = openvino
    return package


@contextmanager
def _unimportable(name: str) -> Iterator[None]:
    """Inside, importing `name` raises ImportError, unless somebody has imported it before."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say so
    try:
        yield
    finally:
        del sys.modules[name]
