"""Student as ONNX in 8-bit integers, calibrated on renders: a quarter of the size, for processors with int8 units."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import onnx
from jaxtyping import Float
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor

from distill.onnx_export import onnx_bytes, program_of, with_metadata
from distill.program import Program
from mde.nets.metadata import metadata_of
from mde.nets.net import DepthNet

HEADS = ("dpm_head", "residual_head")
"""Layers that stay float: an error of theirs is an error of ln(depth), with no layer behind it to even it out."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Images on which the ranges of activations are measured."""

    images: Float[Tensor, "batch 3 height width"]
    data_sha256: str
    """Digest of the index of the renders that they came from."""


def int8_program(net: DepthNet, calibration: Calibration) -> Program:
    """The network with int8 weights (per channel) and activations between its convolutions."""
    words = {
        "precision": f"int8 convolutions; float32 {' and '.join(HEADS)}, softmax and all behind it",
        "calibrated_on": f"{len(calibration.images)} renders of {calibration.data_sha256}",
    }
    model = quantised(onnx_bytes(net), calibration.images)
    return program_of(with_metadata(model, {**metadata_of(net), **words}))


def quantised(model: bytes, images: Float[Tensor, "batch 3 height width"]) -> onnx.ModelProto:
    """Static quantisation in pairs of QuantizeLinear and DequantizeLinear, ranges from least to greatest value seen."""
    logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, integer = (Path(folder) / f"{name}.onnx" for name in ("plain", "prepared", "integer"))
        plain.write_bytes(model)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            integer,
            _Images(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=head_nodes(onnx.load(prepared)),
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
        )
        return onnx.load(integer)


def head_nodes(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions whose weights are those of `HEADS`."""
    names = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and any(head in word for word in node.input for head in HEADS)
    ]
    assert len(names) == len(HEADS), "the exporter names weights after their layers"
    return names


class _Images(CalibrationDataReader):
    """One image after the other."""

    def __init__(self, images: Tensor) -> None:
        self._images = iter(images.split(1))

    def get_next(self) -> dict[str, object] | None:
        image = next(self._images, None)
        return None if image is None else {"image": image.numpy()}
