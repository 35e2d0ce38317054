"""Turn a foreign checkpoint into safetensors once, in a process that can do no harm.

python -m mde.convert --weights AdaBins_nyu.pt --out weights/adabins_nyu.safetensors
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mde.command import run_command
from mde.conversion import Request, command_of
from mde.errors import InputError
from mde.files import sha256_file, sync_directory, write_json
from mde.nets.weights_file import is_safetensors, read_safetensors
from mde.run_directory import environment

SUFFIX = ".safetensors"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertConfig:
    """Copy the network's tensors out of a foreign checkpoint (.pt, .pth, .bin) into a file that cannot run anything.

    The checkpoint is opened in a process of its own: torch's restricted reader, no network, no other programs, limited
    memory and time. Beside the result lies a JSON file of its name with both digests and what was dropped.
    """

    weights: Path
    """The checkpoint of others; only read."""
    out: Path
    """File to create; its name ends in .safetensors."""
    entry: str | None = None
    """Where the checkpoint keeps the network; by default model, state_dict or model_state_dict, else the whole file."""
    max_memory_gb: float = 16.0
    """Address space of the reading process, about three of which torch itself takes."""
    max_minutes: float = 10.0
    """After this time the reading process is ended."""

    def __post_init__(self) -> None:
        if self.out.suffix != SUFFIX:
            raise InputError(f"--out {self.out} must end in {SUFFIX}")
        if not self.max_memory_gb > 0 or not self.max_minutes > 0:
            raise InputError("--max-memory-gb and --max-minutes must be positive")


def convert(config: ConvertConfig) -> None:
    """Convert, check that the result can be read back, and only then give it its name."""
    sidecar = config.out.with_suffix(".json")
    for path in (config.out, sidecar):
        if path.exists():
            raise InputError(f"{path} exists; choose another --out, or delete it first")
    if not config.weights.is_file():
        is_there = config.weights.exists()
        raise InputError(f"{config.weights} {'is no file' if is_there else 'does not exist'}; expected a checkpoint")
    if is_safetensors(config.weights):
        raise InputError(f"{config.weights} is a safetensors file already; give it to --weights as it is")
    source = described(config.weights)
    config.out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{config.out.name}.", dir=config.out.parent) as folder:
        partial = Path(folder) / config.out.name
        answer = answer_of_confined(config, partial, source["sha256"])
        if len(read_safetensors(partial)) != answer["num_tensors"]:
            raise InputError(f"{config.weights} was not converted whole; try again")
        with open(partial, "rb") as stream:
            os.fsync(stream.fileno())
        found = {**described(partial), **{name: answer[name] for name in ("entry", "num_tensors", "dropped")}}
        os.replace(partial, config.out)
    sync_directory(config.out.parent)
    confined = {
        "network": "refused by Python" if answer["has_network"] else "none (a namespace of its own)",
        "max_memory_gb": config.max_memory_gb,
        "max_minutes": config.max_minutes,
    }
    write_json(sidecar, {"source": source, "converted": found, "confined": confined, "environment": environment()})
    dropped = f"; dropped {', '.join(answer['dropped'])}" if answer["dropped"] else ""
    size = f"{found['num_tensors']} tensors, {found['num_bytes']:,} bytes"
    print(f"{config.out}: {size}, sha256 {found['sha256']}{dropped}")


def described(path: Path) -> dict[str, Any]:
    """Name, size and digest of a file."""
    return {"name": path.name, "num_bytes": path.stat().st_size, "sha256": sha256_file(path)}


def answer_of_confined(config: ConvertConfig, partial: Path, source_sha256: str) -> dict[str, Any]:
    """Let the confined process write `partial`. Raises InputError with its reason, or with how it ended."""
    request = Request(
        weights=str(config.weights.absolute()),
        out=str(partial.absolute()),
        entry=config.entry,
        source_sha256=source_sha256,
        memory_bytes=int(config.max_memory_gb * 1e9),
        seconds=max(1, int(config.max_minutes * 60)),
    )
    root = Path(__file__).resolve().parents[1]
    environ = {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(
            command_of(request, sys.executable),
            cwd=partial.parent,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=config.max_minutes * 60,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{config.weights} was not read within {config.max_minutes:g} minutes; give more --max-minutes, or "
            "mistrust the file"
        ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1][:160]
        raise InputError(
            f"the process that read {config.weights} ended with status {done.returncode} ({last}); mistrust the file, "
            "or give more --max-memory-gb"
        ) from error
    if answer["problem"] is not None:
        raise InputError(str(answer["problem"]).replace(f"{request.weights}", str(config.weights)))
    return dict(answer)


if __name__ == "__main__":
    run_command(convert, ConvertConfig, "mde.convert")
