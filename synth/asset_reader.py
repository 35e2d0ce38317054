"""Asset reader: a process that opens files from elsewhere, so that no other process has to.

Parsers of 3D files and pictures meet here what may be truncated, absurd or hostile. The process has a limit on
memory, no network, and a parent that ends it when it takes too long; what it answers is plain arrays in a file.
It reads one JSON line per file and answers one JSON line, {"problem": null or the reason}.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mde.confinement import close_doors, limit
from synth.asset_model import read_model
from synth.asset_picture import MAX_PIXELS, layer_of, open_picture
from synth.asset_source import MAX_BYTES, Unusable

MEMORY_BYTES = 8 * 1024**3
"""Address space of the process."""


def main() -> None:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    sys.stdout = sys.stderr
    limit(memory_bytes=MEMORY_BYTES)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    import PIL.Image
    import trimesh  # noqa: F401  # loaded before the doors are closed

    PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    close_doors(may_write=True)  # its answers
    for line in sys.stdin:
        replies.write(json.dumps({"problem": answer(json.loads(line))}) + "\n")


def answer(request: dict[str, Any]) -> str | None:
    """Read one file and write its arrays to `request["out"]`; answers the reason where that cannot be done."""
    root, name = Path(request["root"]), str(request["name"])
    path = root / name
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unusable(f"has {path.stat().st_size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f}")
        if request["is_texture"]:
            arrays = {"pictures": layer_of(open_picture(path), has_holes=False)[None]}
        else:
            arrays = read_model(root, name, scale=request["scale"], up=request["up"])
        np.savez(request["out"], **arrays)  # type: ignore[arg-type]
    except Unusable as error:
        return str(error)
    except MemoryError:
        return f"needs more than {MEMORY_BYTES / 1024**3:.0f} GB of memory to be read"
    except Exception as error:  # whatever a parser raises on garbage is this one file's fault
        reason = " ".join(str(error).split())[:120]
        return f"cannot be read as {path.suffix[1:].upper()} ({type(error).__name__}{': ' if reason else ''}{reason})"
    return None
