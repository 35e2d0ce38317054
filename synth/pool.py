"""Pool: worker processes that render shards, restarted when one dies, ended when the parent is interrupted."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
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
"""How often the same shard may kill its worker."""


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
) -> str:
    """Render all tasks; answers the name of the OpenGL device. The callbacks run in the calling thread.

    Raises InputError when OpenGL is missing or a worker keeps dying, OSError when a shard cannot be written.
    """
    waiting, deaths = deque(tasks), dict.fromkeys((task.path for task in tasks), 0)
    replies: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
    workers = [_Worker(config, replies) for _ in range(min(num_workers, len(tasks)))]
    device = "none"
    try:
        while waiting or any(worker.task for worker in workers):
            try:
                worker, reply = replies.get(timeout=SILENCE_S)
            except queue.Empty as error:
                raise InputError(
                    f"no picture for {SILENCE_S:.0f} s: the renderer hangs; try again with --workers 1"
                ) from error
            if reply is None:
                workers.remove(worker)
                workers.append(_replacement(worker, config, replies, waiting, deaths))
                continue
            kind = reply.pop("kind")
            if kind == "refused":
                raise InputError(reply["message"])
            if kind == "failed":
                raise OSError(reply["errno"], reply["message"], reply["file"])
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


def _replacement(
    dead: _Worker,
    config: SampleConfig,
    replies: queue.Queue[tuple[_Worker, dict[str, Any] | None]],
    waiting: deque[Task],
    deaths: dict[Path, int],
) -> _Worker:
    """A new worker for one that ended by itself; its task goes back to the front of the queue."""
    reason = dead.obituary()
    if dead.task is None:
        raise InputError(f"a rendering process ended before its first picture ({reason})")
    deaths[dead.task.path] += 1
    if deaths[dead.task.path] >= MAX_DEATHS:
        raise InputError(
            f"the rendering process of {dead.task.path.name} ended {MAX_DEATHS} times ({reason}); "
            "when memory is short, try fewer --workers; the same command goes on from here"
        )
    waiting.appendleft(dead.task)
    return _Worker(config, replies)


class _Worker:
    """One process with its pipes; a thread carries its replies to the common queue."""

    def __init__(self, config: SampleConfig, replies: queue.Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        self.task: Task | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()
        root = str(Path(__file__).resolve().parents[1])
        search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from synth.worker import main; main()"],
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._send(json_bytes(config))
        threading.Thread(target=self._listen, args=(replies,), daemon=True).start()

    def give(self, task: Task | None) -> None:
        """Hand over the next task, or none."""
        self.task = task
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

    def obituary(self) -> str:
        """Why the process ended, in a few words."""
        status = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        ending = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        self.end()
        return f"{ending}: {lines[-1][:200]}" if lines else ending

    def _send(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the end of its output, which follows, tells the pool

    def _listen(self, replies: queue.Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                replies.put((self, json.loads(line)))
        except ValueError:
            return  # closed by `end`, or cut off in the middle of a line
        replies.put((self, None))
