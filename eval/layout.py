"""Layout: the folders that a data set has when it is whole, drawn beside what is there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mde.errors import InputError

NUM_LISTED = 6


def wrong_layout(message: str, root: Path, places: Iterable[str]) -> InputError:
    """An error with a small tree below it: every one of `places`, globs relative to `root`, found or missing."""
    return InputError(message, details="\n".join((f"expected in {root}:", *_branches(root, places), _present(root))))


def _branches(root: Path, places: Iterable[str]) -> list[str]:
    lines: list[str] = []
    drawn: set[PurePosixPath] = set()
    for place in map(PurePosixPath, places):
        for depth in range(1, len(place.parts) + 1):
            part = PurePosixPath(*place.parts[:depth])
            is_found = any(root.glob(str(part)))
            rest = part if is_found else place
            if rest in drawn:
                continue
            drawn.add(rest)
            name = "/".join(rest.parts[depth - 1 :]) + ("/" if rest != place else "")
            lines.append(f"{'  ' * depth}{name:<40} {'found' if is_found else 'missing'}")
            if not is_found:
                break
    return lines


def _present(root: Path) -> str:
    if not root.is_dir():
        return f"{root} is {'a file' if root.exists() else 'absent'}"
    names = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
    more = f" and {len(names) - NUM_LISTED} more" if len(names) > NUM_LISTED else ""
    return f"it holds {', '.join(names[:NUM_LISTED]) or 'nothing'}{more}"
