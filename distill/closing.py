"""Closing: what is written when a run has ended: its seal, signed where a key is given."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from distill.data_statement import READS
from distill.metrics_log import EVENTS
from mde.evidence import TITLES
from mde.files import read_json
from mde.run_directory import REPORT
from mde.seal import SEAL_FILE, now, seal_run, sign_run

OPEN_FILES = frozenset({READS, EVENTS})
"""What may grow after the seal; the report names the end of the log of reads."""


def close_run(out: Path, key: Ed25519PrivateKey | None) -> None:
    """Seal the run in `out`, whose report is written, and sign it; from there on nobody need believe when it ended."""
    report = read_json(out / REPORT)
    seal_run(out, level=TITLES[report["evidence"]["level"]], open_files=OPEN_FILES, sealed_on=now())
    if key is not None:
        sign_run(out, (), key)


def close_again(out: Path, key: Ed25519PrivateKey | None) -> str:
    """Seal a finished run that was killed before its seal; answers what is to be said of it."""
    if (out / SEAL_FILE).is_file():
        return "is finished; nothing to do"
    if "seal" not in read_json(out / REPORT):
        return "was finished by a version that seals no runs; eval.run judges it with --unsealed"
    close_run(out, key)
    return "was finished and is sealed now"
