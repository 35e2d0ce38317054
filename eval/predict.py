"""Depth of one's own images: `python -m eval.predict --model runs/student --out depth hall.jpg`.

Opens the user's images, after training, as eval.run does: nothing that it writes is an input of
training.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from tqdm import tqdm

from eval.networks import model_names, openers_of
from eval.own_depth import check_answers, own_depth
from eval.own_image import OwnImage, image_files, read_own_image
from eval.point_cloud import CloudName
from eval.prediction_files import SIDECAR, claim_name, is_done, write_prediction
from mde.command import run_command
from mde.domain import DomainName
from mde.errors import IncompleteError, InputError
from mde.files import read_json, write_json
from mde.nets.net import DepthNet
from mde.run_directory import CONFIG, open_run, write_run_report

COMMAND = "eval.predict"


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """Depth of your own images, by students, exported files or a teacher.

    OUT/NETWORK gets for each image: NAME_depth.png (16 bit, z, 0 = none; NAME_depth.json says units per metre, worst
    rounding, camera and digests), NAME_colours.png with a scale bar in metres, NAME_interval.png where the network has
    a depth probability map (width of the interval that holds 80 % of it), and NAME_cloud.ply or .glb. A network knows
    metres for the lens that it was trained with alone: behind another one they are off by a factor, which --focal-px
    corrects. An image that cannot be read is named, the others go on, and the exit status
    is 3. Images may be added to a folder later; what is there already is not computed again.
    """

    images: tyro.conf.Positional[tuple[Path, ...]]
    """JPEG and PNG files, and folders of them. They are turned as their EXIF orientation says."""
    out: Path
    """Folder to create, or to go on in with the same networks and options."""
    model: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Folder of a run or student, or ONNX file of distill.export or eval.calibrate; may be given several times."""
    own_student: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """FILE.py:FUNCTION that built a student among them, for one of your own; it is run."""
    teacher: str | None = None
    """Architecture of a teacher, as in distill.run."""
    weights: Path | None = None
    """The teacher's checkpoint."""
    domain: DomainName | None = None
    """What the teacher was trained on."""
    focal_px: float | None = None
    """Focal length of your images in their pixels: the point cloud gets that camera, and metres are
    multiplied by what it is over that of training. By default images are taken for those of the
    training camera, at their size. Not for files of eval.calibrate, whose scale holds that factor."""
    cloud: CloudName = "ply"
    """Point cloud of what the network saw, without pixels that hang between a near and a far surface (seen at less
    than 3 degrees). ply: x right, y down, z forward; glb: the axes of glTF."""

    def __post_init__(self) -> None:
        if not self.images:
            raise InputError("no image to look at: name JPEG or PNG files, or folders of them, after the options")
        if not self.model and self.teacher is None:
            raise InputError("no network to ask: name a --model, a --teacher, or both")
        if self.teacher is None and (self.weights is not None or self.domain is not None):
            raise InputError("--weights and --domain are those of a --teacher, and none is named")
        if self.focal_px is not None and not 0.0 < self.focal_px < float("inf"):
            raise InputError(f"--focal-px {self.focal_px:g} must be a positive number of pixels")


def main(config: PredictConfig) -> None:
    """Predict. Raises IncompleteError where an image could not be read; the others are written by then."""
    failed = predict_all(config)
    if failed:
        raise IncompleteError(f"{len(failed)} of the images could not be used; they are named above and in report.json")


def predict_all(config: PredictConfig) -> list[str]:
    """Write depth of every image that can be read; answers what is wrong with the others.

    Raises InputError, before anything is written, for networks that cannot be loaded or answer NaN, and where no image
    is there.
    """
    paths = image_files(config.images)
    if not any(path.is_file() for path in paths):
        raise InputError(f"{paths[0]} does not exist{f', nor {len(paths) - 1} others' if len(paths) > 1 else ''}")
    models = dict(zip(model_names(config.model), config.model, strict=True))
    openers = openers_of(
        models, own=config.own_student, teacher=config.teacher, weights=config.weights, domain=config.domain
    )
    nets = {name: opener() for name, opener in openers.items()}
    for name, net in nets.items():
        check_answers(net, name)
        _check_focal(config, net, name)
    open_run(config.out, COMMAND, config, free=("images",))
    write_json(config.out / CONFIG, {"command": COMMAND, "config": config})
    sidecars, failed = [], []
    for path in tqdm(paths, desc="predict", unit="image"):
        try:
            own = read_own_image(path)
            sidecars.append(_predict_one(config, nets, own))
        except InputError as error:
            tqdm.write(f"skipped {error}", file=sys.stderr)
            failed.append(str(error))
    networks = {name: {"weights_sha256": net.spec.weights_sha256} for name, net in nets.items()}
    write_run_report(config.out, {"networks": networks, "images": sidecars, "failed": failed})
    print(f"{config.out}: depth of {len(sidecars)} of {len(paths)} images by {', '.join(nets)}")
    return failed


def _check_focal(config: PredictConfig, net: DepthNet, name: str) -> None:
    if config.focal_px is not None and net.spec.calibration is not None:
        raise InputError(
            f"{name} is calibrated ({net.spec.calibration.formula()}), which holds the factor of the lens already; "
            f"leave --focal-px {config.focal_px:g} out, or name the file from before calibration"
        )


def folder_names(names: tuple[str, ...]) -> dict[str, str]:
    """Names of networks as names of folders, each its own: numbered where two would agree."""
    folders: dict[str, str] = {}
    for name in names:
        plain = name.replace("/", "_")
        taken = set(folders.values())
        folders[name] = next(n for n in (plain, *(f"{plain}_{i}" for i in range(2, 3 + len(taken)))) if n not in taken)
    return folders


def _predict_one(config: PredictConfig, nets: Mapping[str, DepthNet], own: OwnImage) -> dict[str, Any]:
    """One image through every network; answers names and facts for the report."""
    folders = {name: config.out / folder for name, folder in folder_names(tuple(nets)).items()}
    name = claim_name(own.path, list(folders.values()))
    for net_name, net in nets.items():
        folder = folders[net_name]
        if is_done(folder, name, own, net.spec):
            facts = read_json(folder / f"{name}{SIDECAR}")
        else:
            found = own_depth(net, own, focal_px=config.focal_px)
            facts = write_prediction(folder, name, own, found, net.spec, cloud=config.cloud)
        tqdm.write(_line(own, folder / facts["files"]["depth"], facts))
    return {"image": str(own.path), "image_sha256": own.sha256, "name": name}


def _line(own: OwnImage, path: Path, facts: Mapping[str, Any]) -> str:
    depth, metres = facts["depth"], facts["depth_m"]
    line = (
        f"{own.path}: {metres['nearest']:.2f} to {metres['farthest']:.2f} m, median {metres['median']:.2f}; {path}: "
        f"{depth['units_per_metre']} units per metre, rounded by at most {1e3 * depth['rounding_m']:.1f} mm"
    )
    num_pixels = facts["camera"]["height"] * facts["camera"]["width"]
    for count, word in ((depth["num_none"], "without depth"), (depth["num_capped"], "beyond 16 bits, capped")):
        line += f"; {count / num_pixels:.1%} of pixels {word}" if count else ""
    return "".join((line, *(f"\n  note: {remark}" for remark in facts["remarks"])))


if __name__ == "__main__":
    run_command(main, PredictConfig, COMMAND)
