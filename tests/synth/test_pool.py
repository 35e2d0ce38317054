"""The pool with workers that are small scripts: what hangs or dies is replaced, and what does so twice is an error."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from mde.errors import InputError
from synth.pool import Task, run_tasks
from synth.sample_config import SampleConfig

CONFIG = SampleConfig(domain="indoor", seed=0, height=24, width=32)
FAKE = """
import json, os, sys, time

def say(kind, **fields):
    print(json.dumps({"kind": kind, **fields}), flush=True)

def first_time(name):
    try:
        os.mkdir(os.path.join(sys.argv[1], name))
    except FileExistsError:
        return False
    return True

mode = sys.argv[2]
sys.stdin.readline()
if mode == "hang at start" or mode == "hang at first start" and first_time("start"):
    time.sleep(60)
say("ready", device="fake")
for line in sys.stdin:
    task = json.loads(line)
    name = os.path.basename(task["path"])
    if name == "b":
        if mode == "hang always" or mode == "hang once" and first_time("hang"):
            time.sleep(60)
        if mode == "die once" and first_time("death"):
            sys.exit(3)
    for _ in task["indices"]:
        time.sleep(0.01)
        say("sample")
    say("shard", name=name)
"""


def refuse(failure: OSError) -> None:
    raise failure


def run(folder: Path, mode: str, *, num_workers: int = 2, silence_s: float = 3.0) -> tuple[list[str], str]:
    """Names of the finished shards, and the device."""
    done: list[str] = []
    tasks = [Task(path=folder / name, indices=(0, 1, 2, 3)) for name in "abcde"]
    device = run_tasks(
        CONFIG,
        tasks,
        num_workers=num_workers,
        on_sample=lambda: None,
        on_shard=lambda reply: done.append(reply["name"]),
        on_failure=refuse,
        silence_s=silence_s,
        command=(sys.executable, "-I", "-S", "-c", FAKE, str(folder), mode),
    )
    return sorted(done), device


@pytest.mark.parametrize(("mode", "num_workers"), [("well", 2), ("die once", 1), ("hang once", 2)])
def test_every_shard_is_made_once_whatever_happens_to_one_worker(tmp_path, mode, num_workers):
    begin = time.monotonic()
    assert run(tmp_path, mode, num_workers=num_workers) == (list("abcde"), "fake")
    assert time.monotonic() - begin < 50.0, "the sleeper would have slept for a minute"


@pytest.mark.slow
def test_one_that_hangs_before_it_is_ready_is_replaced(tmp_path):
    assert run(tmp_path, "hang at first start", num_workers=1) == (list("abcde"), "fake")


@pytest.mark.slow
def test_a_shard_that_hangs_twice_ends_the_run_with_its_name(tmp_path):
    with pytest.raises(InputError, match=r"of b ended 2 times \(silent for 3 s\).*--renderer embree"):
        run(tmp_path, "hang always")


@pytest.mark.slow
def test_workers_that_never_get_ready_end_the_run(tmp_path):
    with pytest.raises(InputError, match="before its first shard ended 2 times"):
        run(tmp_path, "hang at start")
