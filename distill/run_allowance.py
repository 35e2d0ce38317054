"""What a run of distill.run may read and write, told from its configuration before anything is opened."""

from __future__ import annotations

from pathlib import Path

from mde.allowance import Allowance, absolute
from mde.nets.own_file import own_file
from mde.nets.teacher_files import own_code
from mde.shards import INDEX


def run_allowance(
    *,
    teacher: Allowance,
    student: str,
    files: tuple[Path | None, ...],
    renders: tuple[Path | None, ...],
    writes: tuple[Path | None, ...],
    renderer_cache: Path,
) -> Allowance:
    """The teacher's list, the student's code and single `files` to read; `renders` to read or, unfinished, to make.

    Renderers keep their textures in `renderer_cache`, which a run that renders may write.
    """
    own = own_file(student)
    code = Allowance() if own is None else own_code(own[0])
    finished = [folder for folder in renders if folder is not None and (folder / INDEX).is_file()]
    missing = [folder for folder in renders if folder is not None and folder not in finished]
    caches = [renderer_cache] if missing else []
    return (
        teacher | code | Allowance(reads=absolute([*files, *finished]), writes=absolute([*writes, *missing, *caches]))
    )
