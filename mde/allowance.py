"""Allowance: what a confined process may read, run and write; everything else is refused.

Python's standard library alone is imported here: the launcher reads this before it confines itself.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mde", "synth", "adapt", "distill", "eval")
_SHARED_PREFIXES = ("/", "/usr", "/usr/local")
"""Prefixes of a system's own Python, below which lies much else."""
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/libexec")
_PROGRAMS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/cuda", "/opt/cuda", "/opt/rocm")
_SETTINGS = ("/etc", "/proc", "/sys")
_SHARES = ("glvnd", "drirc.d", "egl", "vulkan", "libdrm", "nvidia", "zoneinfo", "locale", "i18n", "fonts", "misc")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "dri", "kfd", "nvidia-caps")


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Absolute paths of files or whole trees, by what is permitted on them and below."""

    reads: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    """Read, and run as programs or loaded as libraries."""
    writes: tuple[str, ...] = ()
    """Read, written, created and removed."""
    devices: tuple[str, ...] = ()
    """Read, written and given commands, as graphics cards are."""
    lists: tuple[str, ...] = ()
    """Folders whose names may be listed; their files stay closed."""
    removes: tuple[str, ...] = ()
    """Folders in which empty folders may be removed again."""

    def __or__(self, other: Allowance) -> Allowance:
        """Both together, each path once."""
        both = {field.name: (*getattr(self, field.name), *getattr(other, field.name)) for field in fields(Allowance)}
        return Allowance(**{name: tuple(dict.fromkeys(paths)) for name, paths in both.items()})

    @cached_property
    def _readable(self) -> tuple[frozenset[str], tuple[str, ...]]:
        paths = {os.path.realpath(path) for path in (*self.reads, *self.programs, *self.writes, *self.devices)}
        return frozenset(paths), tuple(path.rstrip("/") + "/" for path in paths)

    def permits_read(self, path: str) -> bool:
        """Whether the file that `path` leads to, links followed, is on the list or below a tree that is."""
        real = os.path.realpath(path)
        exact, trees = self._readable
        return real in exact or real.startswith(trees)


def absolute(paths: Iterable[Path | str | None]) -> tuple[str, ...]:
    """The paths that are given, absolute; a link stays one, and what it leads to is what is permitted."""
    return tuple(os.path.abspath(path) for path in paths if path is not None)


def system_allowance() -> Allowance:
    """What every command of this program needs: Python, its packages, this program, the system's libraries, devices."""
    return Allowance(
        programs=absolute((*_python_trees(), *_LIBRARIES, *_PROGRAMS, *_library_path())),
        reads=absolute((*_SETTINGS, *(f"/usr/share/{name}" for name in _SHARES), *_own_trees(), font_list())),
        devices=absolute((*(f"/dev/{name}" for name in _DEVICES), *_nvidia_devices())),
        writes=("/dev/shm",),
        lists=(str(ROOT),),
    )


def font_list() -> Path:
    """Where matplotlib keeps its list of fonts, which takes seconds to make again."""
    stated = os.environ.get("MPLCONFIGDIR")
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(stated or os.path.join(caches, "matplotlib"))


def _own_trees() -> list[Path]:
    """This program's packages, not the folder around them, in which users keep what they like."""
    return [ROOT / name for name in PACKAGES]


def _python_trees() -> set[str]:
    """The interpreter with its standard library and the packages that are installed for it."""
    trees = {sys.executable, *site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        trees.add(site.getusersitepackages())
    for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        if prefix not in _SHARED_PREFIXES:
            trees.add(prefix)
    names = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    trees |= {path for name in names if (path := sysconfig.get_path(name))}
    return trees | {os.path.realpath(tree) for tree in trees}


def _library_path() -> list[str]:
    return [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]


def _nvidia_devices() -> list[str]:
    if not os.path.isdir("/dev"):
        return []
    return [f"/dev/{name}" for name in sorted(os.listdir("/dev")) if name.startswith("nvidia")]
