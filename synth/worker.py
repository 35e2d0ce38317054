"""Worker: a process that renders whole shards, one request line after the other.

The pool starts it by calling `main` in a fresh interpreter. It reads JSON lines from standard input and
answers with JSON lines on standard output. It owns one OpenGL context for its whole life and ends when its
parent does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from mde.errors import InputError
from mde.record import encode_record
from mde.shards import write_shard
from synth.block import write_block
from synth.figures import Figures
from synth.preview import Previewer
from synth.sample import Sampler
from synth.sample_config import SampleConfig


def main() -> None:
    """Serve requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    sys.stdout = sys.stderr  # whatever a driver prints must not look like a reply
    try:
        serve(sys.stdin, replies)
    except InputError as error:
        _reply(replies, "refused", message=str(error))
    except BrokenPipeError:
        sys.exit(1)  # the parent is gone
    except OSError as error:
        _fail(replies, error, None)


def serve(requests: TextIO, replies: TextIO) -> None:
    """Answer the first line, the configuration, with "ready", and each further line, a shard, with "shard".

    A request for previews instead of records is answered in the same way, for its block. A file that cannot be
    written is answered with "failed", and the next request is awaited.
    """
    parent = os.getppid()
    sampler = Sampler(SampleConfig(**json.loads(requests.readline())))
    _reply(replies, "ready", device=sampler.device)

    def on_sample(index: int) -> None:
        if os.getppid() != parent:
            raise SystemExit(1)  # nobody is left to answer to; the shard stays unwritten
        _reply(replies, "sample", index=index)

    for line in requests:
        request = json.loads(line)
        try:
            make = write_previews if request["product"] == "previews" else render_shard
            facts = make(sampler, Path(request["path"]), request["indices"], on_sample)
        except BrokenPipeError:
            raise
        except OSError as error:
            _fail(replies, error, request["path"])
        else:
            _reply(replies, "shard", **facts)


def render_shard(
    sampler: Sampler, path: Path, indices: Sequence[int], on_sample: Callable[[int], None]
) -> dict[str, Any]:
    """Write one shard and answer its facts: name, sha256, num_records, figures, device, peak_bytes.

    `on_sample` is called after every image. Raises OSError when the shard cannot be written.
    """
    figures = Figures()
    shard = write_shard(path, _records(sampler, indices, figures, on_sample))
    return {
        **asdict(shard),
        "figures": figures.as_json(),
        "device": sampler.device,
        "peak_bytes": _peak_bytes(),
    }


def write_previews(
    sampler: Sampler, path: Path, indices: Sequence[int], on_sample: Callable[[int], None]
) -> dict[str, Any]:
    """Write one block of previews and answer its facts, like `render_shard`."""
    return write_block(Previewer(sampler), path, indices, on_sample)


def _records(
    sampler: Sampler, indices: Sequence[int], figures: Figures, on_sample: Callable[[int], None]
) -> Iterator[tuple[str, dict[str, bytes]]]:
    for index in indices:
        record = sampler.record(index)
        figures.add(record)
        yield record.key, encode_record(record)
        on_sample(index)


def _peak_bytes() -> int:
    """Largest resident size of this program; `getrusage` would also count the parent that started it (getrusage(2))."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _fail(replies: TextIO, error: OSError, path: str | None) -> None:
    """Say what could not be written; a write to an open file does not know its name, so `path` stands in."""
    _reply(replies, "failed", errno=error.errno, message=error.strerror, file=error.filename or path)


def _reply(replies: TextIO, kind: str, **fields: Any) -> None:
    replies.write(json.dumps({"kind": kind, **fields}) + "\n")
