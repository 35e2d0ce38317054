"""Pool: worker processes that render shards, restarted when one dies or hangs, ended when the parent is interrupted."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from mde.errors import InputError
from mde.files import json_bytes
from synth.gl import ENVIRONMENT
from synth.sample_config import SampleConfig

SILENCE_S = 600.0
"""A worker that says nothing for so long hangs; one image takes seconds even on a loaded machine."""
MAX_DEATHS = 2
"""How often the same shard may end or hang its worker, and how many workers may hang before they are ready."""
WORKER = (sys.executable, "-c", "from synth.worker import main; main()")
"""Command of a worker process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One file to make: the samples `indices` into `path`."""

    path: Path
    indices: tuple[int, ...]
    product: Literal["records", "previews"] = "records"
    """A shard of records, or a block of previews (`synth.block`)."""


def run_tasks(
    config: SampleConfig,
    tasks: Sequence[Task],
    *,
    num_workers: int,
    on_sample: Callable[[], None],
    on_shard: Callable[[dict[str, Any]], None],
    on_failure: Callable[[OSError], None],
    silence_s: float = SILENCE_S,
    command: Sequence[str] = WORKER,
) -> str:
    """Render all tasks; answers the name of the device that draws. The callbacks run in the calling thread.

    `on_failure` is told when a shard cannot be written: it raises, or returns when it is worth another try.
    A worker that is silent for `silence_s` is killed and replaced like one that died. Raises InputError when
    OpenGL is missing or a worker keeps dying.
    """
    waiting, deaths = deque(tasks), Counter[Path | None]()
    replies: Replies = queue.Queue()
    workers = [_Worker(config, replies, command) for _ in range(min(num_workers, len(tasks)))]
    device = "none"
    try:
        while waiting or any(worker.task for worker in workers):
            worker, reply = _next_reply(replies, workers, silence_s)
            if worker not in workers:
                continue  # last words of a worker that was given up
            if reply is None:
                workers.remove(worker)
                workers.append(_replacement(worker, config, replies, waiting, deaths, command))
                continue
            worker.is_starting = False
            kind = reply.pop("kind")
            if kind == "refused":
                raise InputError(reply["message"])
            if kind == "failed":
                failure = OSError(reply["errno"], reply["message"], reply["file"])
                if worker.task is None:
                    raise failure  # on its way to the first shard: nothing to try again
                on_failure(failure)
                worker.give(worker.task)
                continue
            if kind == "sample":
                on_sample()
                continue
            if kind == "ready":
                device = reply["device"]
            else:
                on_shard(reply)
            worker.give(waiting.popleft() if waiting else None)
    finally:
        for worker in workers:
            worker.end()
    return device


def _next_reply(replies: Replies, workers: Sequence[_Worker], silence_s: float) -> tuple[_Worker, Any]:
    """What is said next; a worker that owes a word for too long is killed, which counts as its end (None)."""
    owing = [worker for worker in workers if worker.task is not None or worker.is_starting]
    hanging = min(owing, key=lambda worker: worker.heard_s)
    try:
        worker, reply = replies.get(timeout=max(hanging.heard_s + silence_s - time.monotonic(), 0.0))
    except queue.Empty:
        hanging.give_up(silence_s)
        return hanging, None
    worker.heard_s = time.monotonic()
    return worker, reply


def _replacement(
    dead: _Worker,
    config: SampleConfig,
    replies: Replies,
    waiting: deque[Task],
    deaths: Counter[Path | None],
    command: Sequence[str],
) -> _Worker:
    """A new worker for one that ended or hung; its task goes back to the front of the queue."""
    reason = dead.obituary()
    if dead.is_starting and not dead.is_hung:
        raise InputError(f"a rendering process ended before its first picture ({reason})")
    place = dead.task.path if dead.task is not None else None
    deaths[place] += 1
    if deaths[place] >= MAX_DEATHS:
        what = "before its first shard" if place is None else f"of {place.name}"
        raise InputError(
            f"the rendering process {what} ended {MAX_DEATHS} times ({reason}); when memory is short, try fewer "
            "--workers; when it hangs, try --renderer embree; the same command goes on from here"
        )
    if dead.task is not None:
        waiting.appendleft(dead.task)
    return _Worker(config, replies, command)


class _Worker:
    """One process with its pipes; a thread carries its replies to the common queue."""

    def __init__(self, config: SampleConfig, replies: Replies, command: Sequence[str]) -> None:
        self.task: Task | None = None
        self.is_starting, self.is_hung = True, False
        self.heard_s = time.monotonic()
        self._log: IO[bytes] = tempfile.TemporaryFile()
        root = str(Path(__file__).resolve().parents[1])
        search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._send(json_bytes(config))
        threading.Thread(target=self._listen, args=(replies,), daemon=True).start()

    def give(self, task: Task | None) -> None:
        """Hand over the next task, or none."""
        self.task, self.heard_s = task, time.monotonic()
        if task is not None:
            self._send(json_bytes({**asdict(task), "path": str(task.path.resolve())}))

    def end(self) -> None:
        """Stop the process, whatever it is doing; a half-written shard is no shard."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._log.close()

    def give_up(self, silence_s: float) -> None:
        """End a process that hangs, and remember how."""
        self._process.kill()
        self.is_hung, self._silence_s = True, silence_s

    def obituary(self) -> str:
        """Why the process ended, in a few words."""
        status = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        ending = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        if self.is_hung:
            ending = f"silent for {self._silence_s:.0f} s"
        self.end()
        return f"{ending}: {lines[-1][:200]}" if lines else ending

    def _send(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the end of its output, which follows, tells the pool

    def _listen(self, replies: Replies) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                replies.put((self, json.loads(line)))
        except ValueError:
            return  # closed by `end`, or cut off in the middle of a line
        replies.put((self, None))


Replies = queue.Queue[tuple[_Worker, dict[str, Any] | None]]
"""What all workers say; None is the end of one."""
