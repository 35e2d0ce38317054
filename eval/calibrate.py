"""Bring an exported student to known distances: `python -m eval.calibrate --model A.onnx --out B.onnx --known ...`.

Opens the user's images, after training, as eval.predict does: nothing that it writes is an input of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from distill.onnx_export import onnx_runner
from distill.program import checked_path
from eval.calibrated_onnx import calibrated_onnx, check_calibrated
from eval.known_distance import KnownDistance, read_known, said_at
from eval.networks import load_model
from eval.own_depth import check_answers, have_one_shape, own_depth
from eval.own_image import read_own_image
from eval.scale_fit import WRONG_IN, ScaleFit, fit_scale
from mde.calibration import Calibration, line_calibration
from mde.command import run_command
from mde.errors import InputError
from mde.files import write_bytes
from mde.nets.exported import SUFFIX
from mde.nets.net import DepthNet

COMMAND = "eval.calibrate"


@dataclass(frozen=True, kw_only=True)
class CalibrateConfig:
    """Bring the metres of an exported student to known distances: depth' = scale * depth, in a file of its own.

    A network knows metres for the lens that it was trained with, and a student may be off by a factor altogether. Two
    known distances or more, in one picture or several of one camera, fix the factor; with five, one may be wrong, with
    ten two. The new file takes the same images and answers calibrated depth; its depth range moves along.
    """

    model: Path
    """ONNX file of distill.export, float or int8; only read."""
    out: Path
    """ONNX file to write; there must be none of that name."""
    known: tuple[str, ...]
    """IMAGE:U,V:METRES for each known distance, as hall.jpg:320,240:2.35. U pixels to the right and V down from the
    upper left corner of the image, upright, is a point at that depth. Depth is z, along the optical axis: to the plane
    through the point that is parallel to the sensor. Towards the border of the image the straight way is longer."""
    shift: bool = False
    """Fit depth' = scale * depth + shift, for known distances that differ."""

    def __post_init__(self) -> None:
        if len(self.known) < 2:
            named = "one known distance is" if self.known else "no known distance is"
            raise InputError(f"{named} named; a scale takes two or more, better five")
        if self.model.suffix != SUFFIX:
            raise InputError(
                f"{self.model} is no {SUFFIX} file; export first: "
                f"python -m distill.export --run {self.model if self.model.is_dir() else 'DIR'} --to onnx"
            )
        if self.out.resolve() == self.model.resolve():
            raise InputError(f"--out {self.out} is the model itself, which is only read; name another file")
        if self.out.exists():
            raise InputError(f"--out {self.out} exists; name a new file, or delete it first")


def main(config: CalibrateConfig) -> None:
    """Ask the network about every place, fit, write, and say what was found."""
    known = read_known(config.known)
    net = load_model(config.model, own=())
    if net.spec.calibration is not None:
        raise InputError(
            f"{config.model} is calibrated already ({net.spec.calibration.formula()}); calibrate the file it was made "
            f"from, of the student {net.spec.calibration.student_sha256[:12]}"
        )
    check_answers(net, config.model.name)
    said_m = said_depths(net, known)
    known_m = np.array([one.depth_m for one in known])
    fit = fit_scale(said_m, known_m, with_shift=config.shift)
    calibration = calibration_of(net, fit)
    off = write_calibrated(config, net, calibration)
    print("".join(f"{line}\n" for line in table(known, said_m, fit, calibration)), end="")
    print("".join(f"{line}\n" for line in outlook(known_m, fit, calibration)), end="")
    print(f"{config.out}: {calibration.formula()}, to {off:.0e} of the depth")


def said_depths(net: DepthNet, known: Sequence[KnownDistance]) -> np.ndarray:
    """What the network says at every place (pairs,), each picture looked at once.

    Raises InputError for a picture that cannot be read, places outside it, and pictures of more than one shape.
    """
    maps, sizes = {}, {}
    for path in tqdm(
        dict.fromkeys(one.image for one in known), desc="predict", unit="image", leave=False, disable=None
    ):
        own = read_own_image(path)
        maps[path], sizes[path] = own_depth(net, own, focal_px=None).depth_m, own.size
        first = next(iter(sizes))
        if not have_one_shape(sizes[first], own.size):
            (height, width), (rows, columns) = sizes[first], own.size
            raise InputError(
                f"{first} is {width}x{height} and {path} {columns}x{rows}: a scale holds for one camera, and the "
                "network sees pictures of another shape squeezed otherwise; calibrate with pictures of one shape"
            )
    return np.array([said_at(one, maps[one.image]) for one in known])


def calibration_of(net: DepthNet, fit: ScaleFit) -> Calibration:
    """The fitted line for this network. Raises InputError where it leaves no depth."""
    try:
        return line_calibration(fit.scale, fit.shift_m, net.spec.depth_range_m, student_sha256=net.spec.weights_sha256)
    except ValueError as error:
        raise InputError(f"{error}; check the pixels and metres, or leave --shift out") from error


def write_calibrated(config: CalibrateConfig, net: DepthNet, calibration: Calibration) -> float:
    """Write the file, once it was found to do what the formula says; answers how far off it is."""
    learned = config.model.read_bytes()
    content = calibrated_onnx(learned, calibration)
    off = check_calibrated(onnx_runner(learned), onnx_runner(content), calibration, net.spec.native_size)
    write_bytes(checked_path(config.out, (SUFFIX,)), content)
    return off


def table(known: Sequence[KnownDistance], said_m: np.ndarray, fit: ScaleFit, calibration: Calibration) -> list[str]:
    """A line for each pair: what is known, what the network said, what it says now, and who was left out and why."""
    width = max(len(one.place) for one in known)
    lines = [f"{'place':{width}}  known m   before    after"]
    for one, said, after, is_used in zip(known, said_m, calibration.apply(said_m), fit.is_used, strict=True):
        line = f"{one.place:{width}} {one.depth_m:8.3f} {said:8.3f} {after:8.3f}  {after / one.depth_m - 1.0:+z.1%}"
        if not is_used:
            factor = max(after / one.depth_m, one.depth_m / after)
            line += f"  left out: off by a factor of {factor:.3g} from where the others agree"
        lines.append(line)
    return lines


def outlook(known_m: np.ndarray, fit: ScaleFit, calibration: Calibration) -> list[str]:
    """What error to expect, and what these distances cannot show."""
    used_m = known_m[fit.is_used]
    between = f"between {used_m.min():.2f} and {used_m.max():.2f} m"
    lines = [
        f"rests on {len(used_m)} of {len(known_m)} known distances, {between}; nearer and farther nothing was checked"
    ]
    if fit.expected_error is None:
        lines.append("error to expect: unknown, as these distances fix the line and leave none to check it by")
    else:
        lines.append(f"error to expect: {fit.expected_error:.1%}, when each is told from the others")
    if not fit.notices_wrong:
        more = f"{WRONG_IN} or more" + (" at different depths" if calibration.shift_m else "")
        lines.append(f"a wrong one among these distances would not be noticed; give {more}")
    if calibration.least_m:
        nearest_m = (calibration.least_m - calibration.shift_m) / calibration.scale
        lines.append(f"what the student puts nearer than {nearest_m:.3g} m becomes {calibration.least_m:g} m")
    return lines


if __name__ == "__main__":
    run_command(main, CalibrateConfig, COMMAND)
