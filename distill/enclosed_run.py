"""Enclosed run: the command distill.run as a child process, for programs that are at work themselves."""

from __future__ import annotations

import subprocess
from pathlib import Path

from distill.run import DistillConfig, allowance_of
from mde.command import arguments_of
from mde.enclosure import checked_additions, command_line, prepared
from mde.errors import InputError
from mde.run_directory import revision


def distill_enclosed(config: DistillConfig, log: Path, *, num_threads: int) -> None:
    """Run `config` as `python -m distill.run` does, shut in where the kernel can; what it says goes to `log`.

    The child ends with the thread that calls. Raises InputError with the child's last words where it fails.
    """
    environment = prepared(
        allowance_of(config), added=checked_additions(config.allow), revision=revision(), dies_with_parent=True
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as stream:
        status = subprocess.run(
            command_line(["-m", "distill.run", *arguments_of(config)]),
            env={**environment, "OMP_NUM_THREADS": str(num_threads)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if status != 0:
        words = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise InputError(f"the run into {config.out} ended with status {status}: {words[-1]} (all of it: {log})")
