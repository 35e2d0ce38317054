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

INTEGER_OPERATIONS = ("Conv", "Relu", "Clip", "Add", "Resize")
"""Both heads are among them: kept float, they gained nothing (1.05 % off in the mean with and without, on a student of
mobilenetv2_035). Normalisation, softmax, the mean of the bins and exponentials stay float: with those the same student
was 1.9 % off."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Images on which the ranges of activations are measured."""

    images: Float[Tensor, "batch 3 height width"]
    data_sha256: str
    """Digest of the index of the renders that they came from."""


def int8_program(net: DepthNet, calibration: Calibration) -> Program:
    """The network with its convolutions, and what lies between them, in integers; in and out stay float32."""
    words = {
        "precision": f"int8 {' '.join(INTEGER_OPERATIONS)}, the rest float32",
        "calibrated_on": f"{len(calibration.images)} renders of {calibration.data_sha256}",
    }
    model = quantised(onnx_bytes(net), calibration.images)
    return program_of(with_metadata(model, {**metadata_of(net), **words}))


def quantised(model: bytes, images: Float[Tensor, "batch 3 height width"]) -> onnx.ModelProto:
    """Static quantisation: weights per channel, activations from the least to the greatest value seen on `images`.

    Weights use 7 of their 8 bits (`reduce_range`): on x86 processors without VNNI, ONNX Runtime adds two products
    in 16 bits, which overflow with 8. There a student of mobilenetv2_035 was 5.8 % off in the mean, and 1.05 % with 7.
    """
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
            op_types_to_quantize=list(INTEGER_OPERATIONS),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
        )
        return onnx.load(integer)


class _Images(CalibrationDataReader):
    """One image after the other."""

    def __init__(self, images: Tensor) -> None:
        self._images = iter(images.split(1))

    def get_next(self) -> dict[str, object] | None:
        image = next(self._images, None)
        return None if image is None else {"image": image.numpy()}
