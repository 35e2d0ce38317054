"""Data statement: what a run learned from, and every file that it was seen to read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mde.evidence import READS
from mde.provenance import files_read
from mde.shards import ShardIndex, ShardReader


def data_statement(out: Path, reader: ShardReader) -> dict[str, Any]:
    """What was read, as far as Python's audit hook sees it."""
    return {
        "records": {
            "origin": reader.index.origin,
            "num_records": len(reader),
            "painted_by": painter_of(reader.index),
        },
        "observed": "every file that Python opened, as the run's log has them; reads in native code are not seen, "
        "and at level enforced (see evidence) confined to the list",
        "files_read": by_kind(files_read(out / READS)),
    }


def by_kind(paths: list[str]) -> dict[str, list[str]]:
    """Files of Python, its packages and this program apart from data, which is what an auditor looks for."""
    folders = [folder for folder in (sys.prefix, sys.base_prefix, sys.pycache_prefix) if folder]
    python = tuple({*folders, *(os.path.realpath(folder) for folder in folders)})  # the environment may be a link
    source, suffixes = str(Path(__file__).resolve().parents[1]), (".py", ".pyc", ".so")
    is_program = {
        path: path.startswith(python) or (path.startswith(source) and path.endswith(suffixes)) for path in paths
    }
    return {
        "data": [path for path in paths if not is_program[path]],
        "program": [path for path in paths if is_program[path]],
    }


def painter_of(index: ShardIndex) -> str | None:
    """The diffusion model that painted these images, by name and digest; None for plain renders."""
    painted = index.notes.get("painted")
    return None if painted is None else f"{painted['model']} ({painted['pipeline']}, sha256 {painted['model_sha256']})"
