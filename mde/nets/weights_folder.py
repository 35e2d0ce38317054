"""Where published weight files lie: `--weights FILE`, else the folder that MDE_WEIGHTS names, else ./weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mde.errors import InputError

VARIABLE = "MDE_WEIGHTS"


def weights_folder() -> Path:
    """The folder in which published files are looked for."""
    return Path(os.environ.get(VARIABLE) or "weights")


def found_weights(weights: Path | None, *, teacher: str, names: Sequence[str], publisher: str) -> Path:
    """`weights` where given, else the first of the published file `names` that lies in the folder.

    Raises InputError, with the names and where `publisher` offers them, when there is none.
    """
    if weights is not None:
        return weights
    folder = weights_folder()
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise InputError(
        f"teacher {teacher!r} needs {' or '.join(names)}: put it in {folder} (or where {VARIABLE} points), or give "
        f"--weights FILE; its authors publish it at {publisher}"
    )
