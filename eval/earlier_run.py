"""Earlier run: the figures that eval.run has left in a folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from eval.alignment import LABELS, Alignment
from eval.cost import Cost
from eval.memory import PeakMemory
from eval.metrics import METRICS
from eval.report import KIND, PER_IMAGE
from eval.table import Row
from mde.errors import InputError
from mde.files import read_json
from mde.run_directory import REPORT


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One network under one alignment: its row, and what it is on each image."""

    row: Row
    weights_sha256: str
    frames: tuple[str, ...]
    scenes: tuple[str, ...]
    metrics: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """What a folder of eval.run holds."""

    folder: Path
    command: str
    revision: str | None
    data_sha256: str
    protocols: dict[Alignment, str]
    """Digest of the protocol with each alignment, the primary one first."""
    reference: str | None
    judged: dict[tuple[str, Alignment], Judged]
    """By the network's name, which says so where known distances have put its scale right, and alignment."""


def read_run(folder: Path) -> EarlierRun:
    """Read a run. Raises InputError for a folder that is none, or one of another version."""
    if not (folder / REPORT).is_file():
        raise InputError(f"{folder} holds no {REPORT}; give a folder that eval.run has written (its --out)")
    report = read_json(folder / REPORT)
    if report.get("kind") != KIND:
        raise InputError(f"{folder} holds a report of another kind ({report.get('kind')!r}); give a folder of eval.run")
    try:
        return _run(folder, report, _per_image(folder / PER_IMAGE))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder} was written by another version ({error!r}); run its command again") from error


def _run(folder: Path, report: Mapping[str, Any], lines: Mapping[tuple[str, str], list[dict[str, str]]]) -> EarlierRun:
    judged = {}
    for row in report["rows"]:
        name, spec = row["net"], report["nets"][row["net"]]
        shown = name if spec["calibration"] is None else f"{name} (calibrated)"
        figures = _judged(_row({**row, "net": shown}), spec["weights_sha256"], lines[name, row["alignment"]])
        judged[shown, row["alignment"]] = figures
    return EarlierRun(
        folder=folder,
        command=report["command"],
        revision=report["environment"]["revision"],
        data_sha256=report["data_sha256"],
        protocols={item["alignment"]: item["sha256"] for item in report["protocols"]},
        reference=report["reference"],
        judged=judged,
    )


def _row(stored: Mapping[str, Any]) -> Row:
    if stored["alignment"] not in LABELS:
        raise ValueError(f"alignment {stored['alignment']}")
    intervals = {name: (low, high) for name, (low, high) in stored["intervals"].items()}
    return Row(**_known(Row, {**stored, "intervals": intervals, "cost": _cost(stored["cost"])}))


def _cost(stored: Mapping[str, Any] | None) -> Cost | None:
    if stored is None:
        return None
    memory = None if stored["memory"] is None else PeakMemory(**stored["memory"])
    low, high = stored["latency_quartiles_s"]
    return Cost(**_known(Cost, {**stored, "memory": memory, "latency_quartiles_s": (low, high)}))


def _known(kind: type, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a dataclass; a later version may have written more."""
    return {field.name: stored[field.name] for field in fields(kind)}


def _judged(row: Row, weights_sha256: str, lines: list[dict[str, str]]) -> Judged:
    if len(lines) != row.num_frames:
        raise ValueError(f"{PER_IMAGE} has {len(lines)} lines of {row.net} for {row.num_frames} frames")
    return Judged(
        row=row,
        weights_sha256=weights_sha256,
        frames=tuple(line["frame"] for line in lines),
        scenes=tuple(line["scene"] for line in lines),
        metrics={name: np.array([float(line[name]) for line in lines]) for name in METRICS},
    )


def _per_image(path: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    if not path.is_file():
        raise InputError(f"{path} does not exist; it belongs to a run of eval.run, run its command again")
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with open(path, newline="") as stream:
        for line in csv.DictReader(stream):
            found.setdefault((line["net"], line["alignment"]), []).append(line)
    return found
