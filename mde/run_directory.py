"""Run directory: one folder per run, which knows the configuration that it belongs to."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mde.enclosure import REVISION_VARIABLE
from mde.errors import InputError
from mde.files import json_bytes, read_json, remove_partials, write_json

CONFIG = "config.json"
REPORT = "report.json"
PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "diffusers",
    "transformers",
    "numpy",
    "pillow",
    "trimesh",
    "pyrender",
    "embreex",
    "onnx",
    "onnxruntime",
    "safetensors",
)


def open_run(out: Path, command: str, config: Any, *, free: tuple[str, ...] = (), is_shared: bool = False) -> bool:
    """Create `out` for this run, or enter it again; answers whether it is a run to go on with.

    `config` is a dataclass; its fields named in `free` (paths, worker counts: what does not change
    the result) may differ from the first time. `is_shared` says that others may be at work in the same
    folder now: their half-written files stay. Raises InputError when `out` holds anything else:
    another command's run, another configuration, or files that nobody asked us to keep company with.
    """
    assert is_dataclass(config) and not isinstance(config, type)
    wanted = _plain(config)
    path = out / CONFIG
    is_taken = _is_taken(out)  # before the look for the configuration, which whoever shares the folder writes first
    if path.is_file():
        found = read_json(path)
        if found.get("command") != command:
            raise InputError(
                f"{out} is the folder of a run of {found.get('command')!r}, not of {command!r}; choose another --out"
            )
        different = _differences(found.get("config", {}), wanted, free)
        if different:
            raise InputError(
                f"{out} holds a run with {'; '.join(different)}; choose another --out, or the same options to go on"
            )
        if not is_shared:
            remove_partials(out)
        return True
    if is_taken:
        raise InputError(f"{out} exists and is no run of {command!r}; choose an empty or new folder")
    out.mkdir(parents=True, exist_ok=True)
    if not is_shared:
        remove_partials(out, CONFIG)
    write_json(path, {"command": command, "config": wanted})
    return False


def _is_taken(out: Path) -> bool:
    """Whether `out` holds anything but a configuration that is, or was, being written."""
    if not out.is_dir():
        return out.exists()
    return any(not (entry.name.startswith(CONFIG) and entry.suffix == ".partial") for entry in out.iterdir())


def _plain(config: Any) -> dict[str, Any]:
    return json.loads(json_bytes(asdict(config)))


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any], free: tuple[str, ...]) -> list[str]:
    names = [name for name in wanted if name not in free and found.get(name) != wanted[name]]
    return [f"--{name.replace('_', '-')} {found.get(name)} (now {wanted[name]})" for name in names]


def write_run_report(out: Path, report: Mapping[str, Any]) -> None:
    """Write `report.json`: the caller's figures and what they were made with."""
    write_json(out / REPORT, {**report, "environment": environment()})


def environment() -> dict[str, Any]:
    """Versions, revision and machine, so that a figure can be made again."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "revision": revision(),
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": _processor(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def revision() -> str | None:
    """Commit of the source tree with a mark for local changes; None outside a checkout.

    An enclosed process, which may not read the history, is told by its launcher.
    """
    if REVISION_VARIABLE in os.environ:
        return os.environ[REVISION_VARIABLE]
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
