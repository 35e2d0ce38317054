"""Source tree: this program itself and the packages it runs with, by digest and version."""

from __future__ import annotations

from importlib.metadata import distributions

from mde.allowance import PACKAGES, ROOT
from mde.files import json_bytes, sha256_bytes, sha256_file

SUFFIXES = (".py", ".vert", ".frag", ".glsl", ".html")
"""Files that decide what the program does; weights that it ships are inputs of their own."""


def source_sha256() -> str:
    """One digest of names and contents of all source files; equal for equal programs, whatever git says."""
    paths = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in SUFFIXES)
    return sha256_bytes(json_bytes({path.relative_to(ROOT).as_posix(): sha256_file(path) for path in paths}))


def installed_packages() -> dict[str, str]:
    """Version of every installed distribution by its name."""
    return dict(sorted({str(one.metadata["Name"]).lower(): one.version for one in distributions()}.items()))
