"""What the authors' own programs answer on a small file tree, and the way to it through the command."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from eval.run import EvalConfig, evaluate

FRAMES = {
    "kitti": (
        "2011_09_26_drive_0002_sync_0000000069",
        "2011_09_26_drive_0002_sync_0000000054",
        "2011_09_28_drive_0001_sync_0000000006",
        "2011_09_29_drive_0004_sync_0000000005",
        "2011_09_30_drive_0016_sync_0000000012",
        "2011_10_03_drive_0027_sync_0000000022",
    ),
    "nyu": ("bathroom_rgb_00045", "kitchen_rgb_00147", "living_room_rgb_00151", "office_rgb_00001"),
}
"""Frames of the split lists in their order, that of the recorded predictions; the third of KITTI has no depth."""
METRIC_NAMES = {
    "a1": "delta1",
    "a2": "delta2",
    "a3": "delta3",
    "d1": "delta1",
    "d2": "delta2",
    "d3": "delta3",
    "DELTA1": "delta1",
    "DELTA2": "delta2",
    "DELTA3": "delta3",
    "log_10": "log10",
    "LG10": "log10",
    "ABS_REL": "abs_rel",
    "RMSE": "rmse",
    "MAE": "mae",
    "n": "num_pixels",
}
"""Other programs' words for ours."""


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """One recorded run of a published program."""

    protocol: str
    maps: str
    """passes: the network's half-size answers to both images; mean: the averaged map that the program was given; png:
    that map as 16-bit integers, as the program wrote it."""


ORACLES: dict[str, Oracle] = {
    "adabins_kitti_garg": Oracle(protocol="kitti_eigen_garg_kbcrop_flip", maps="passes"),
    "adabins_kitti_eigen": Oracle(protocol="kitti_eigen_eigen_kbcrop_flip", maps="passes"),
    "adabins_nyu_eigen": Oracle(protocol="nyu_eigen_flip", maps="passes"),
    "toolbox_kitti_garg": Oracle(protocol="tiekd_kitti", maps="passes"),
    "toolbox_kitti_eigen": Oracle(protocol="kitti_eigen_eigen_kbcrop_flip", maps="passes"),
    "toolbox_nyu_eigen": Oracle(protocol="tiekd_nyu", maps="passes"),
    # BTS's own network averages no flips, but these programs were given averaged maps: the `_flip` rows must say the
    # same of the passes as the rows without of the map.
    "bts_kitti_garg": Oracle(protocol="kitti_eigen_garg_full", maps="mean"),
    "bts_kitti_eigen": Oracle(protocol="kitti_eigen_eigen_full", maps="mean"),
    "bts_nyu_eigen": Oracle(protocol="nyu_eigen", maps="mean"),
    "bts_kitti_garg flip": Oracle(protocol="kitti_eigen_garg_full_flip", maps="passes"),
    "bts_kitti_eigen flip": Oracle(protocol="kitti_eigen_eigen_full_flip", maps="passes"),
    "bts_png_kitti_garg": Oracle(protocol="kitti_eigen_garg_full", maps="png"),
    "bts_png_kitti_eigen": Oracle(protocol="kitti_eigen_eigen_full", maps="png"),
    "bts_png_nyu_eigen": Oracle(protocol="nyu_eigen", maps="png"),
    "junjh_nyu_nan": Oracle(protocol="junjh_nyu", maps="mean"),
}


def dataset_of(program: str) -> str:
    return "kitti" if "kitti" in program else "nyu"


def run_oracle(program: str, folder: Path, out: Path) -> list[str]:
    """Score the recorded maps by the command and list every figure that is not the program's."""
    oracle, dataset = ORACLES[program], dataset_of(program)
    maps = folder / f"fixture/bts_result_{dataset}/raw"
    if oracle.maps != "png":
        maps = out / "maps"
        write_maps(folder, dataset, oracle.maps, maps)
    config = EvalConfig(
        dataset=dataset,  # type: ignore[arg-type]
        root=folder / "fixture" / dataset,
        split=folder / f"fixture/{dataset}_list.txt",
        predictions=(maps,),
        protocol=oracle.protocol,
        out=out / "report",
        num_panels=0,
    )
    evaluate(config)
    return differences(program, folder, config.out)


def write_maps(folder: Path, dataset: str, kind: str, target: Path) -> None:
    """The recorded arrays as files, as another program would leave them."""
    target.mkdir(parents=True)
    arrays = _arrays(folder)
    for index, name in enumerate(FRAMES[dataset]):
        if kind == "mean":
            np.save(target / f"{name}.npy", arrays[f"{dataset}_tta_{index}"])
        else:
            np.savez(target / f"{name}.npz", arrays[f"{dataset}_pred_{index}"])
            np.save(target / f"{name}_lr.npy", arrays[f"{dataset}_pred_lr_{index}"])


@cache
def _arrays(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "metrics_oracle.npz") as stored:
        return dict(stored)


def differences(program: str, folder: Path, report: Path) -> list[str]:
    """Figures of a report that are not those of the program: means, and every image by itself."""
    expected = json.loads((folder / "metrics_oracle.json").read_text())[program.split()[0]]
    (row,) = json.loads((report / "report.json").read_text())["rows"]
    found = _compare("mean", expected["mean"], row["metrics"])
    with open(report / "per_image.csv") as stream:
        rows = {line["frame"].replace("/", "_"): line for line in csv.DictReader(stream)}
    theirs = list(_per_image(expected, dataset_of(program), tuple(rows)))
    assert len(theirs) == len(rows) == row["num_frames"]
    for name, figures in theirs:
        found += _compare(name, figures, {key: float(rows[name][key]) for key in figures_of(rows[name])})
    return found


def figures_of(row: dict[str, str]) -> list[str]:
    return [key for key in row if key not in ("net", "alignment", "scene", "frame")]


def _per_image(expected: dict[str, Any], dataset: str, scored: tuple[str, ...]) -> Any:
    """(frame, figures) of every image; a program that sorts its files says in which order."""
    if "per_image_abs_rel" in expected:
        order = [name.removesuffix(".png") for name in expected["order"]]
        values = [{"abs_rel": value} for value in expected["per_image_abs_rel"]]
        return zip([name for name in order if name in scored], values, strict=True)
    if "order" in expected:
        names = [next(n for n in scored if n.endswith(Path(path).stem)) for path in expected["order"]]
        return zip(names, expected["per_image"], strict=True)
    return zip(scored, expected["per_image"], strict=True)


def _compare(where: str, theirs: dict[str, Any], ours: dict[str, float]) -> list[str]:
    found = []
    for name, value in theirs.items():
        if name in ("MSE", "dtype") or (name == "RMSE" and value == 0.0):  # no RMSE of one image; MSE is its square
            continue
        figure = ours[METRIC_NAMES.get(name, name)]
        # Their programs add up in float32; silog is a difference of two near numbers there.
        if not abs(figure - value) <= (1e-3 if name == "silog" else 1e-5) * abs(value):
            found.append(f"{where} {name}: {figure!r} for {value!r}")
    if "MSE" in theirs and not abs(ours["rmse"] ** 2 - theirs["MSE"]) <= 1e-5 * theirs["MSE"]:
        found.append(f"{where} MSE: {ours['rmse'] ** 2!r} for {theirs['MSE']!r}")
    return found
