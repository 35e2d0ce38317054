"""Student as TorchScript: for programs in C++ and for phones that run LibTorch."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from distill.program import DepthOnly, Program
from mde.nets.metadata import metadata_of
from mde.nets.net import DepthNet

METADATA = "metadata.json"
"""Name of the extra file inside the archive, read with `torch.jit.load(path, _extra_files={METADATA: ""})`."""


def torchscript_program(net: DepthNet) -> Program:
    """The network traced: sizes are read from the image in the trace too, so any size is taken."""
    example = torch.zeros(2, 3, *net.spec.native_size)
    stream = io.BytesIO()
    with _without_warnings(), torch.no_grad():
        traced = torch.jit.trace(DepthOnly(net).cpu().eval(), (example,), check_trace=False)  # probes check it
        torch.jit.save(traced, stream, _extra_files={METADATA: json.dumps(metadata_of(net), sort_keys=True)})
    content = stream.getvalue()
    return Program(files={".pt": content}, runtime=f"TorchScript {torch.__version__}", run=torchscript_runner(content))


def torchscript_runner(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Images to depth by the file as it will be loaded."""
    with _without_warnings():
        loaded = torch.jit.load(io.BytesIO(content), map_location="cpu").eval()

    @torch.no_grad()
    def run(images: np.ndarray) -> np.ndarray:
        return np.asarray(loaded(torch.from_numpy(images)).numpy())

    return run


@contextmanager
def _without_warnings() -> Iterator[None]:
    """torch warns that TorchScript is deprecated in favour of torch.export, which who asks for it knows; and, wherever
    Python looks at a size, that the trace may have kept it, which the comparison at another size finds out."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=FutureWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # public, not listed
        yield
