"""The worker's side of the pool: replies in order, and a disk that takes nothing for a while."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import synth.worker
from mde.files import json_bytes
from synth.sample_config import SampleConfig
from tests.conftest import make_record

ROOT = Path(__file__).resolve().parents[2]
CONFIG = SampleConfig(domain="indoor", seed=0, height=24, width=32)


class NoiseSampler:
    device = "noise"

    def __init__(self, config: SampleConfig) -> None:
        assert config == CONFIG

    def record(self, index: int):
        return replace(make_record(f"{index:06d}"), recipe={"index": index, "attempt": 0, "scene": "noise"})


@pytest.fixture
def ask(monkeypatch):
    """Serve these requests in this process and answer the replies."""
    monkeypatch.setattr(synth.worker, "Sampler", NoiseSampler)

    def asked(*requests: dict) -> list[dict]:
        lines = "\n".join([json_bytes(asdict(CONFIG)).decode(), *map(json.dumps, requests)]) + "\n"
        replies = io.StringIO()
        synth.worker.serve(io.StringIO(lines), replies)
        return [json.loads(line) for line in replies.getvalue().splitlines()]

    return asked


def test_a_shard_is_answered_after_its_samples(ask, tmp_path):
    replies = ask({"path": str(tmp_path / "a.tar"), "indices": [3, 4], "product": "records"})
    assert [reply["kind"] for reply in replies] == ["ready", "sample", "sample", "shard"]
    assert (replies[-1]["name"], replies[-1]["num_records"], replies[-1]["device"]) == ("a.tar", 2, "noise")
    assert (tmp_path / "a.tar").is_file()


def test_a_shard_that_cannot_be_written_is_named_and_the_next_request_is_served(ask, tmp_path, monkeypatch):
    whole = synth.worker.write_shard
    failures = [OSError(errno.ENOSPC, "No space left on device")]

    def full_once(path, records):
        if failures:
            raise failures.pop()
        return whole(path, records)

    monkeypatch.setattr(synth.worker, "write_shard", full_once)
    request = {"path": str(tmp_path / "a.tar"), "indices": [0], "product": "records"}
    replies = ask(request, request)
    assert [reply["kind"] for reply in replies] == ["ready", "failed", "sample", "shard"]
    assert (replies[1]["errno"], replies[1]["file"]) == (errno.ENOSPC, str(tmp_path / "a.tar"))


def test_a_rendering_process_loads_nothing_that_it_does_not_need():
    """torch alone would take 300 MB of every process."""
    code = (
        "import sys, synth.worker, synth.sample\n"
        "assert not {'torch', 'ray', 'matplotlib', 'OpenGL', 'tyro'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
