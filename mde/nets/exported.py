"""Exported student: an ONNX file of `python -m distill.export` as a network of ours, so that it can be scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnxruntime
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.errors import InputError
from mde.nets.metadata import spec_of
from mde.nets.net import DepthNet
from mde.nets.output import Output

SUFFIX = ".onnx"


class ExportedCore(nn.Module):
    """An ONNX model behind the face of a network: `image` (B,3,H,W) to depth in metres, on the CPU, without gradients.

    One thread, as costs are measured. What torch would count in its layers is told by the metadata.
    """

    def __init__(self, session: onnxruntime.InferenceSession, *, num_parameters: int, num_macs: int) -> None:
        super().__init__()
        self.session = session
        self.num_parameters = num_parameters
        self.num_macs = num_macs
        """At native size."""

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth alone; the file keeps no map of probabilities."""
        (depth_m,) = self.session.run(["depth_m"], {"image": image.detach().cpu().numpy()})
        return Output(depth_m=torch.from_numpy(depth_m))


def load_exported(path: Path) -> DepthNet:
    """Load an exported ONNX file, float or int8; the twin of `load_student`.

    Answers a network of the same specification, which brings images to the native size as the student does. Its
    `weights_sha256` is the digest of the student that was exported, not of the file.
    Raises InputError when the file is missing, is no ONNX model, or was not written by `distill.export`.
    """
    session = _session(path)
    metadata = session.get_modelmeta().custom_metadata_map
    spec = spec_of(metadata, where=path)
    names = [[one.name for one in ends] for ends in (session.get_inputs(), session.get_outputs())]
    if names != [["image"], ["depth_m"]]:
        raise InputError(f"{path} does not map `image` to `depth_m` and nothing else; export it again")
    num_parameters, num_macs = (_count(metadata, name, path) for name in ("num_parameters", "num_macs"))
    return DepthNet(ExportedCore(session, num_parameters=num_parameters, num_macs=num_macs), spec).eval()


def _count(metadata: Mapping[str, str], name: str, path: Path) -> int:
    words = metadata.get(name, "")
    if not words.isdecimal() or int(words) < 1:
        raise InputError(f"{path} has metadata that cannot be used ({name} is {words!r}); export it again")
    return int(words)


def _session(path: Path) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise InputError(f"{path} does not exist; give a file written by: python -m distill.export")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # each fault of a file has a class of its own in ONNX Runtime, none is public
        raise InputError(f"{path} is no ONNX model that ONNX Runtime can run ({str(error)[:200]})") from error
