"""Worker: a process that renders whole shards, one request line after the other.

The pool starts it by calling `main` in a fresh interpreter. It reads JSON lines from standard input and
answers with JSON lines on standard output. It owns one OpenGL context for its whole life and ends when its
parent does.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
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
        _reply(replies, "failed", errno=error.errno, message=error.strerror, file=error.filename)


def serve(requests: TextIO, replies: TextIO) -> None:
    """Answer the first line, the configuration, with "ready", and each further line, a shard, with "shard".

    A request for previews instead of records is answered in the same way, for its block.
    """
    parent = os.getppid()
    sampler = Sampler(SampleConfig(**json.loads(requests.readline())))
    _reply(replies, "ready", device=sampler.device)
    for line in requests:
        request = json.loads(line)
        if request["product"] == "previews":
            _reply(replies, "shard", **_previews(sampler, request, replies, parent))
            continue
        figures = Figures()
        records = _records(sampler, request["indices"], figures, replies, parent)
        shard = write_shard(Path(request["path"]), records)
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        _reply(
            replies,
            "shard",
            name=shard.name,
            sha256=shard.sha256,
            num_records=shard.num_records,
            figures=figures.as_json(),
            peak_bytes=peak_bytes,
        )


def _previews(sampler: Sampler, request: dict[str, Any], replies: TextIO, parent: int) -> dict[str, Any]:
    def on_sample(index: int) -> None:
        if os.getppid() != parent:
            raise SystemExit(1)  # nobody is left to answer to; the block stays unwritten
        _reply(replies, "sample", index=index)

    return write_block(Previewer(sampler), Path(request["path"]), request["indices"], on_sample)


def _records(
    sampler: Sampler, indices: Sequence[int], figures: Figures, replies: TextIO, parent: int
) -> Iterator[tuple[str, dict[str, bytes]]]:
    for index in indices:
        if os.getppid() != parent:
            raise SystemExit(1)  # nobody is left to answer to; the shard stays unwritten
        record = sampler.record(index)
        figures.add(record)
        yield record.key, encode_record(record)
        _reply(replies, "sample", index=index)


def _reply(replies: TextIO, kind: str, **fields: Any) -> None:
    replies.write(json.dumps({"kind": kind, **fields}) + "\n")
