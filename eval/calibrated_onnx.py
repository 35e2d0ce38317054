"""Calibrated ONNX: an exported student whose file itself answers calibrated depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import onnx
from onnx import TensorProto, helper

from mde.calibration import Calibration
from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes
from mde.nets.metadata import calibrated_metadata

OUTPUT = "depth_m"
LEARNED = "learned_depth_m"
"""What the output was called becomes the name of the depth before calibration."""
TOLERANCE = 1e-5
"""Relative difference to the formula; float32 rounds each of three steps by 6e-8."""
OTHER_SIZE = (3, 5)
"""Rows and columns more than the native size, at which a file of dynamic size is tried too."""

Run = Callable[[np.ndarray], np.ndarray]
"""Images (B,3,H,W) to depth in metres (B,1,H,W)."""


def calibrated_onnx(content: bytes, calibration: Calibration) -> bytes:
    """An exported file that ends in `calibration`: input, output and sizes as before, range moved, a digest of its own.

    The digest is that of the file and the calibration, so the file is taken neither for the student, nor for that
    student under another calibration.
    """
    model = onnx.load_model_from_string(content)
    _rename_depth(model.graph)
    name, steps = LEARNED, _steps(calibration)
    for step, operation, number in steps:
        result = OUTPUT if step == steps[-1][0] else f"calibrated_{step}_m"
        model.graph.initializer.append(helper.make_tensor(f"calibration_{step}", TensorProto.FLOAT, [], [number]))
        model.graph.node.append(helper.make_node(operation, [name, f"calibration_{step}"], [result]))
        name = result
    digest = sha256_bytes(json_bytes({"file": sha256_bytes(content), "calibration": asdict(calibration)}))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    del model.metadata_props[:]
    helper.set_model_props(model, calibrated_metadata(metadata, calibration, weights_sha256=digest))
    onnx.checker.check_model(model)
    calibrated: bytes = model.SerializeToString()
    return calibrated


def _steps(calibration: Calibration) -> list[tuple[str, str, float]]:
    """Name, operation and number of each; none that changes nothing, but for the first."""
    steps = [("shift", "Add", calibration.shift_m), ("least", "Max", calibration.least_m)]
    return [("scale", "Mul", calibration.scale), *(step for step in steps if step[2])]


def _rename_depth(graph: onnx.GraphProto) -> None:
    """Give the depth, inside the graph alone, another name."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [LEARNED if name == OUTPUT else name for name in names]


def check_calibrated(learned: Run, calibrated: Run, calibration: Calibration, native_size: tuple[int, int]) -> float:
    """The largest relative difference of a calibrated file to the formula applied to the file it was made from.

    Both are shown noise, of the native size and of another. Raises InputError where it is above `TOLERANCE`. Where a
    shift nearly cancels depth the difference is relative to the shift, as rounding is.
    """
    rng = np.random.default_rng(0)
    height, width = native_size
    sizes = (native_size, (height + OTHER_SIZE[0], width + OTHER_SIZE[1]))
    differences = []
    for size in sizes:
        images = rng.random((2, 3, *size), dtype=np.float32)
        expected_m, found_m = calibration.apply(learned(images)), calibrated(images)
        if found_m.shape != expected_m.shape:
            raise InputError(f"the calibrated file answers {found_m.shape} for {expected_m.shape}; it was not written")
        scale_m = np.maximum(expected_m, abs(calibration.shift_m))
        differences.append(float(np.max(np.abs(found_m - expected_m) / scale_m)))
    worst = float(np.max(differences))  # NaN where one is NaN, which Python's max forgets
    if not worst <= TOLERANCE:
        raise InputError(
            f"the calibrated file differs from {calibration.formula()} by {worst:.1e} of the depth (bound: "
            f"{TOLERANCE:g}); it was not written"
        )
    return worst
