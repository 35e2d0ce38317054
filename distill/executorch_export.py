"""Student as an ExecuTorch program: for phones and boards, computed by XNNPACK in float32."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch

from distill.program import DepthOnly, Program
from mde.errors import InputError
from mde.nets.metadata import metadata_of
from mde.nets.net import DepthNet

METADATA = "metadata"
"""Name of the program's second method, which takes nothing and answers the metadata as JSON."""


def executorch_program(net: DepthNet) -> Program:
    """The network for single images of its native size.

    Differs from the other formats: XNNPACK resizes bilinearly to a size that is fixed when the program is made, so
    images are to be brought to the native size first; the metadata say so.
    Raises InputError where ExecuTorch is not installed.
    """
    try:
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower
    except ImportError as error:
        raise InputError(
            f"--to executorch needs the package executorch ({error}); run: pip install 'depth-distillation[executorch]'"
        ) from error
    metadata = {**metadata_of(net), "takes_sizes": "native_size alone, one image at a time"}
    example = torch.zeros(1, 3, *net.spec.native_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
        exported = torch.export.export(DepthOnly(net).cpu().eval(), (example,))
        lowered = to_edge_transform_and_lower(
            exported,
            partitioner=[XnnpackPartitioner()],
            constant_methods={METADATA: json.dumps(metadata, sort_keys=True)},
        )
        content = bytes(lowered.to_executorch().buffer)
    return Program(
        files={".pte": content},
        runtime=f"ExecuTorch {version('executorch')}",
        run=executorch_runner(content),
        takes_any_size=False,
    )


def executorch_runner(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Images to depth by ExecuTorch's own runtime in this process."""
    logging.getLogger("executorch").setLevel(logging.ERROR)
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(content).load_method("forward")

    def run(images: np.ndarray) -> np.ndarray:
        (depth_m,) = method.execute([torch.from_numpy(images)])
        return np.array(depth_m.numpy())

    return run
