"""Closing: what is written when a run has ended: cards of its student, statements about it and its seal."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from distill.bill_of_materials import BILL, bill_of_materials
from distill.claims import STATEMENTS, write_claims
from distill.inputs import Inputs
from distill.metrics_log import EVENTS
from distill.model_card import CARD, card_text
from distill.student_facts import facts_of
from mde.evidence import READS, TITLES
from mde.files import read_json, write_bytes, write_json
from mde.nets.student import STUDENT
from mde.run_directory import REPORT
from mde.seal import SEAL_FILE, now, seal_run, sign_run

OPEN_FILES = frozenset({READS, EVENTS})
"""What may grow after the seal; the report names the end of the log of reads."""


def close_run(out: Path, inputs: Inputs, key: Ed25519PrivateKey | None) -> None:
    """Describe the student in `out`, whose report is written, state what its run touched; seal it all, and sign it."""
    time = now()
    facts = facts_of(out, inputs)
    write_bytes(out / STUDENT / CARD, card_text(facts).encode())
    write_json(out / BILL, bill_of_materials(facts, timestamp=time))
    write_claims(out, inputs, finished_on=time)
    seal_run(out, level=TITLES[read_json(out / REPORT)["evidence"]["level"]], open_files=OPEN_FILES, sealed_on=time)
    if key is not None:
        sign_run(out, STATEMENTS, key)


def close_again(out: Path, inputs: Inputs, key: Ed25519PrivateKey | None) -> str:
    """Seal a finished run that was killed before its seal; answers what is to be said of it."""
    if (out / SEAL_FILE).is_file():
        return "is finished; nothing to do"
    if "seal" not in read_json(out / REPORT):
        return "was finished by a version that seals no runs; eval.run judges it with --unsealed"
    close_run(out, inputs, key)
    return "was finished and is sealed now"
