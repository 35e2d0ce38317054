"""FILE.py:FUNCTION of the user's own: which names mean one, and what the function answers.

The file is Python and is run: commands do so only where their user names it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from mde.errors import InputError


def own_file(name: str) -> tuple[Path, str] | None:
    """File and function where `name` is FILE.py:FUNCTION; None for other names."""
    file, _, function = name.rpartition(":")
    return (Path(file), function) if file.endswith(".py") else None


def call_own(role: str, file: Path, function: str, *arguments: Any) -> Any:
    """What `function` of `file` answers; `role` is what the user meant it to be, teacher or student.

    Raises InputError, in one line, when the file or function is absent and for whatever either raises.
    """
    name = f"{file}:{function}"
    check_file(role, file, function)
    try:
        build = getattr(_module(role, file), function, None)
        if not callable(build):
            raise InputError(f"{file} has no function {function!r}; expected FILE.py:FUNCTION")
        return build(*arguments)
    except InputError:
        raise
    except Exception as error:  # code of others raises anything
        raise InputError(f"{role} {name} raised {type(error).__name__}: {in_one_line(error)}") from error


def check_file(role: str, file: Path, function: str) -> None:
    """Raise InputError where there is no such file."""
    if not file.is_file():
        raise InputError(f"{role} {file}:{function}: {file} is not a file; expected FILE.py:FUNCTION")


def in_one_line(error: Exception) -> str:
    """What an exception says, not longer than a line."""
    return " ".join(str(error).split())[:200]


def _module(role: str, file: Path) -> ModuleType:
    """The file as a module, with the modules beside it within reach while it is read."""
    name = f"own_{role}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look themselves up
    sys.path.append(str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.resolve().parent))
    return module
