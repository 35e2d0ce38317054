"""Student as ONNX, in float32: dynamic batch and size, run by ONNX Runtime."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import torch

from distill.program import DepthOnly, Program
from mde.nets.metadata import metadata_of
from mde.nets.net import DepthNet

OPSET = 18


def onnx_program(net: DepthNet) -> Program:
    """The network for ONNX Runtime."""
    return program_of(onnx_bytes(net))


def program_of(model: bytes) -> Program:
    """An ONNX model, float or quantised, as a program."""
    return Program(files={".onnx": model}, runtime=f"ONNX Runtime {onnxruntime.__version__}", run=onnx_runner(model))


def onnx_bytes(net: DepthNet) -> bytes:
    """The network as an ONNX model: `image` (B,3,H,W) RGB in [0,1] to `depth_m` (B,1,H,W), with its metadata."""
    example = torch.zeros(2, 3, *net.spec.native_size)
    sizes = {"image": {0: "batch", 2: "height", 3: "width"}}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
        program = torch.onnx.export(
            DepthOnly(net).cpu().eval(),
            (example,),
            dynamo=True,
            input_names=["image"],
            output_names=["depth_m"],
            dynamic_shapes=sizes,
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    return with_metadata(program.model_proto, metadata_of(net))


def with_metadata(model: onnx.ModelProto, metadata: dict[str, str]) -> bytes:
    """The model with these words and no others, checked and as bytes."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def onnx_runner(model: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Images to depth by ONNX Runtime on the CPU."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def run(images: np.ndarray) -> np.ndarray:
        (depth_m,) = session.run(["depth_m"], {"image": images})
        return np.asarray(depth_m)

    return run
