"""Crew: jobs side by side, each in a process and with one thread of its own.

Networks as small as the demo's gain nothing from a second thread, two of them side by side take little longer
than one. With one thread each their weights also do not depend on how many cores there are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from tqdm import tqdm

from mde.errors import InputError

POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work for one process."""

    name: str
    work: Callable[[], None]
    """A picklable function; what it prints goes to `log`."""
    log: Path
    num_done: Callable[[], int]
    """Steps that are done so far, asked by the parent while the work goes on."""
    num_steps: int


def run_jobs(jobs: Sequence[Job], *, num_at_once: int, title: str) -> None:
    """Run all jobs, under one bar. Raises InputError with a job's last words when it fails; the others are ended."""
    context = multiprocessing.get_context("spawn")
    waiting, running = deque(jobs), list[tuple[Job, BaseProcess]]()
    total = sum(job.num_steps for job in jobs)
    with tqdm(total=total, desc=title, unit="step") as bar:
        try:
            while waiting or running:
                while waiting and len(running) < num_at_once:
                    job = waiting.popleft()
                    process: BaseProcess = context.Process(target=_serve, args=(job,), daemon=True)
                    process.start()
                    running.append((job, process))
                wait([process.sentinel for _, process in running], timeout=POLL_S)
                codes = [process.exitcode for _, process in running]  # asked once: one may end at any moment
                for (job, _), code in zip(running, codes, strict=True):
                    if code not in (None, 0):
                        raise InputError(f"{job.name} ended early: {_last_words(job.log)}")
                running = [one for one, code in zip(running, codes, strict=True) if code is None]
                bar.update(sum(job.num_done() for job in jobs) - bar.n)
        finally:
            for _, process in running:
                process.kill()


def _serve(job: Job) -> None:
    """In the process: one thread, own log, and the end of the parent is the end of this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its crew
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with open(job.log, "a") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            job.work()
        except InputError as error:
            print(f"error: {error}", file=log)
            sys.exit(2)


def _end_with_parent() -> None:
    """A parent that was killed cannot end its crew."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _last_words(log: Path) -> str:
    """The last line of a log, or what is known without one."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return f"{lines[-1]} (all of it: {log})" if lines else "it said nothing; memory may have run out"
