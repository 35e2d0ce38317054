"""TUM RGB-D: sequences whose colour and depth pictures bear the times at which they were taken."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from pathlib import Path

from eval.frame import FrameEntry, FrameFiles
from eval.layout import wrong_layout
from mde.errors import InputError

UNITS_PER_METRE = 5000.0
MAX_APART_S = 0.02
"""As in the `associate.py` of the data set: half the time between two pictures at 30 Hz, and a little."""
LISTS = ("rgb.txt", "depth.txt")
PLACES = ("rgb.txt", "rgb/*.png", "depth.txt", "depth/*.png")


def tum_frames(root: Path) -> FrameFiles:
    """Frames of one sequence (`rgb.txt`, `depth.txt` and what they list), or of a folder of sequences.

    Every colour picture goes with the depth picture that is nearest in time and not further than 0.02 s; the closest
    pairs are made first, none is used twice, and what stays alone is left out. Depth is uint16, 5000 per metre.
    Raises InputError, with the files that were expected, where a list is missing or names nothing that fits.

    Reference: J. Sturm et al., "A Benchmark for the Evaluation of RGB-D SLAM Systems", 2012.
    """
    sequences = [root] if (root / LISTS[0]).is_file() else sorted(path.parent for path in root.glob(f"*/{LISTS[0]}"))
    if not sequences or not all((folder / name).is_file() for folder in sequences for name in LISTS):
        where = next((folder for folder in sequences if not (folder / LISTS[1]).is_file()), root)
        raise wrong_layout(f"--root {where} is no sequence of TUM RGB-D", where, PLACES)
    entries = tuple(entry for folder in sequences for entry in _sequence(folder))
    if not entries:
        raise InputError(f"--root {root} has no colour and depth picture within {MAX_APART_S} s of each other")
    return FrameFiles(entries=entries, depth_units_per_metre=UNITS_PER_METRE)


def _sequence(folder: Path) -> list[FrameEntry]:
    colour, depth = (_read_list(folder / name) for name in LISTS)
    named = [folder / name for names in (colour, depth) for name in names.values()]
    missing = [path for path in named if not path.is_file()]
    if missing:
        message = f"{missing[0]} does not exist, one of {len(missing)} missing among {len(named)} files of {folder}"
        raise wrong_layout(f"{message}; unpack the whole sequence", folder, PLACES)
    return [
        FrameEntry(
            name=f"{folder.resolve().name}/{at:.6f}",
            scene=folder.resolve().name,
            image=folder / colour[at],
            depth=folder / depth[to],
        )
        for at, to in associate(list(colour), list(depth))
    ]


def associate(first_s: list[float], second_s: list[float]) -> list[tuple[float, float]]:
    """Pairs (first, second) of times at most 0.02 s apart, in order of the first; the closest are paired first."""
    close = [(abs(a - b), a, b) for a in first_s for b in _near(a, second_s)]
    pairs: dict[float, float] = {}
    taken: set[float] = set()
    for _, a, b in sorted(close):
        if a not in pairs and b not in taken:
            pairs[a] = b
            taken.add(b)
    return sorted(pairs.items())


def _near(time_s: float, others_s: list[float]) -> list[float]:
    low, high = bisect_left(others_s, time_s - MAX_APART_S), bisect_right(others_s, time_s + MAX_APART_S)
    return others_s[low:high]


def _read_list(path: Path) -> dict[float, str]:
    """Times and file names, ordered by time. Raises InputError for a line that is not `time name`."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from error
    rows = (_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#")
    return dict(sorted(rows))


def _row(path: Path, number: int, line: str) -> tuple[float, str]:
    columns = line.split()
    try:
        time_s, name = float(columns[0]), columns[1]
    except (ValueError, IndexError):
        time_s, name = math.nan, ""
    if not math.isfinite(time_s) or Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(f"{path} line {number}: {line.strip()!r} is no 'time file' of this folder")
    return time_s, name
