from __future__ import annotations

import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from eval.crew import Job, run_jobs
from mde.errors import InputError


def job(tmp_path: Path, name: str, work: partial[None]) -> Job:
    return Job(name=name, work=work, log=tmp_path / f"{name}.log", num_done=nothing_done, num_steps=1)


def nothing_done() -> int:
    return 0


def write_threads(path: Path) -> None:
    print("at work")
    path.write_text(str(torch.get_num_threads()))


def refuse() -> None:
    raise InputError("the moon is no teacher")


def die() -> None:
    os._exit(7)


def wait_for_ever(started: Path) -> None:
    started.write_text(str(os.getpid()))
    time.sleep(600)


@pytest.mark.slow
def test_every_job_runs_with_one_thread_and_a_log_of_its_own(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    run_jobs(
        [job(tmp_path, name, partial(write_threads, tmp_path / name)) for name in names], num_at_once=2, title="jobs"
    )
    assert [(tmp_path / name).read_text() for name in names] == ["1"] * 3
    assert [(tmp_path / f"{name}.log").read_text() for name in names] == ["at work\n"] * 3


@pytest.mark.slow
def test_a_job_that_fails_ends_all_and_its_last_words_are_said(tmp_path: Path) -> None:
    started = tmp_path / "started"
    jobs = [job(tmp_path, "long", partial(wait_for_ever, started)), job(tmp_path, "wrong", partial(refuse))]
    with pytest.raises(InputError, match="wrong ended early: error: the moon is no teacher"):
        run_jobs(jobs, num_at_once=2, title="jobs")
    for child in multiprocessing.active_children():
        child.join(timeout=10.0)
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_job_that_dies_in_silence_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mute ended early: it said nothing"):
        run_jobs([job(tmp_path, "mute", partial(die))], num_at_once=1, title="jobs")
