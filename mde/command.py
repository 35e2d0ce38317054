"""How every command begins and ends: options from a dataclass, errors in one line, an exact exit code."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import tyro

from mde.allowance import Allowance
from mde.enclosure import checked_additions, enclose, enclosed, leave
from mde.errors import IncompleteError, InputError
from mde.run_directory import revision

Config = TypeVar("Config")

EXIT_FAULT = 1
EXIT_INPUT = 2
EXIT_INCOMPLETE = 3
EXIT_INTERRUPTED = 130


def run_command(main: Callable[[Config], object], config: type[Config], prog: str) -> None:
    """Parse the command line into `config`, run `main`, and leave the process.

    Exit status: 0 success; 2 wrong input (one line, and below it a folder tree where that helps); 3 a result from
    a part of the input (one line); 1 disk full or unreadable files (one line); 130 after Ctrl-C. Any other exception
    is a fault of ours and keeps its traceback.
    """
    try:
        main(tyro.cli(config, prog=f"python -m {prog}"))
    except InputError as error:
        _end(f"error: {error}", EXIT_INPUT, details=error.details)
    except IncompleteError as error:
        _end(f"incomplete: {error}", EXIT_INCOMPLETE)
    except KeyboardInterrupt:
        _end("interrupted; the same command goes on from here", EXIT_INTERRUPTED)
    except OSError as error:
        if error.errno is None:
            raise
        hint = "; free some space, then the same command goes on" if error.errno == errno.ENOSPC else ""
        _end(f"error: {error.strerror}: {error.filename or 'while writing'}{hint}", EXIT_FAULT)
    finally:
        leave()


def shut_in(prog: str, own: Callable[[], Allowance], allow: Sequence[Path]) -> None:
    """Enclose this process, which runs `python -m prog`, with its own list and the paths that the user adds to it.

    Inside already, it does nothing. Raises InputError for an addition that is not there.
    """
    if enclosed() is None:
        enclose(own(), ["-m", prog, *sys.argv[1:]], added=checked_additions(allow), revision=revision())


def arguments_of(config: Any, prefix: str = "--") -> list[str]:
    """The options that make `config`, a dataclass as commands take it; fields with their default are left out."""
    arguments: list[str] = []
    for entry in fields(config):
        value, name = getattr(config, entry.name), entry.name.replace("_", "-")
        default = entry.default if entry.default_factory is MISSING else entry.default_factory()
        if is_dataclass(value):
            arguments += arguments_of(value, f"{prefix}{name}.")
        elif value == default:
            continue
        elif isinstance(value, bool):
            arguments.append(f"{prefix}{name}" if value else f"{prefix}no-{name}")
        elif isinstance(value, tuple):
            arguments += [f"{prefix}{name}", *map(str, value)]
        else:
            arguments += [f"{prefix}{name}", str(value)]
    return arguments


def _end(message: str, status: int, *, details: str = "") -> None:
    print("\n".join(filter(None, (" ".join(message.split()), details))), file=sys.stderr, flush=True)
    sys.exit(status)
