"""Seal: the digests of a finished student and its run, written before anybody judges it.

Whoever opens real images afterwards can show that the student was finished by then, and is still the same. The seal is
an in-toto statement; without a signature it says what was sealed, but whoever can write the folder can seal it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mde.errors import InputError
from mde.files import json_bytes, read_json, sha256_file, write_bytes, write_json
from mde.nets.student import STUDENT
from mde.run_directory import REPORT
from mde.signature import envelope
from mde.statement import SEAL, Seal, Statement, plain, subjects

SEAL_FILE = "seal.json"
SIGNED = "attestations.intoto.jsonl"
"""Signed statements of a run, one envelope a line, the seal last."""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What a seal says of a student that is still as it was."""

    sealed_on: str
    level: str
    sha256: str
    """Digest of the seal itself."""
    is_signed: bool
    """Whether a signed copy lies beside it; `mde.verify` checks by whom."""
    weights_sha256: str


def now() -> str:
    """The time in UTC, to the second, which is written down and decides nothing."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seal_run(out: Path, *, level: str, open_files: frozenset[str], sealed_on: str) -> None:
    """Write the seal of a finished run. `open_files` may grow afterwards: names directly in `out`, not sealed here."""
    files = digests_of(out, leave_out=open_files | {SEAL_FILE, SIGNED, REPORT})
    student = {name: digest for name, digest in files.items() if name.startswith(f"{STUDENT}/")}
    seal = Seal(
        sealed_on=sealed_on,
        level=level,
        report_sha256=sha256_file(out / REPORT),
        run_files={name: digest for name, digest in files.items() if name not in student},
    )
    write_json(out / SEAL_FILE, plain(Statement(subject=subjects(student), predicate_type=SEAL, predicate=seal)))


def sign_run(out: Path, names: tuple[str, ...], key: Ed25519PrivateKey) -> None:
    """Write signed copies of the statements `names` and of the seal."""
    envelopes = (json_bytes(envelope((out / name).read_bytes(), key)) for name in (*names, SEAL_FILE))
    write_bytes(out / SIGNED, b"".join(line + b"\n" for line in envelopes))


def digests_of(out: Path, *, leave_out: frozenset[str]) -> dict[str, str]:
    """SHA-256 of every file below `out` by its path inside, but for the names directly in `out` in `leave_out`."""
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    inside = {path.relative_to(out): path for path in paths}
    return {name.as_posix(): sha256_file(path) for name, path in inside.items() if name.parts[0] not in leave_out}


def read_seal(out: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """The student's digests by file, and what else the seal says. Raises InputError where it is none."""
    path = out / SEAL_FILE
    statement = read_json(path)
    try:
        if statement["predicateType"] != SEAL:
            raise ValueError(f"predicate {statement['predicateType']!r}")
        student = {str(one["name"]): str(one["digest"]["sha256"]) for one in statement["subject"]}
        predicate = dict(statement["predicate"])
        texts = [predicate[name] for name in ("sealedOn", "level", "reportSha256")]
        if not student or not all(isinstance(text, str) for text in texts):
            raise ValueError("a field is missing or no text")
        predicate["runFiles"] = {str(name): str(digest) for name, digest in predicate["runFiles"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is not a seal of this program ({error!r})") from error
    return student, predicate


def student_faults(out: Path, student: Mapping[str, str]) -> Iterator[str]:
    """One line for every file of the student that is not as it was sealed."""
    found = {f"{STUDENT}/{name}": digest for name, digest in digests_of(out / STUDENT, leave_out=frozenset()).items()}
    yield from changes(student, found)
    yield from (f"{name} was added after the seal" for name in sorted(found.keys() - student.keys()))


def changes(sealed: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """One line for every sealed file that is missing or changed."""
    for name, digest in sorted(sealed.items()):
        if name not in found:
            yield f"{name} is missing"
        elif found[name] != digest:
            yield f"{name} has changed: its SHA-256 begins {found[name][:12]}, {digest[:12]} was sealed"


def check_sealed(path: Path) -> Sealed:
    """The seal of the student in `path`, a run or its folder `student`.

    Raises InputError, in one line, when it was never sealed or has changed since.
    """
    out = path if (path / STUDENT).is_dir() else path.resolve().parent
    if not (out / SEAL_FILE).is_file():
        raise InputError(
            f"{path} holds no sealed student: {out / SEAL_FILE} does not exist; give a run that distill.run finished, "
            "or --unsealed to judge it all the same"
        )
    student, seal = read_seal(out)
    faults = list(student_faults(out, student))
    if not (out / REPORT).is_file() or sha256_file(out / REPORT) != seal["reportSha256"]:
        faults.append(f"{REPORT} is not the one that was sealed")
    if faults:
        raise InputError(
            f"{path} is not as it was sealed on {seal['sealedOn']}: {faults[0]}; give the student that was sealed, or "
            "--unsealed to judge this one all the same"
        )
    return _sealed(out, student, seal)


def seal_of_weights(weights_sha256: str, folders: tuple[Path, ...]) -> Sealed | None:
    """The seal, in one of `folders`, of the student whose weights have this digest; None where none is at hand."""
    for out in folders:
        if (out / SEAL_FILE).is_file():
            found = _sealed(out, *read_seal(out))
            if found.weights_sha256 == weights_sha256:
                return found
    return None


def _sealed(out: Path, student: Mapping[str, str], seal: Mapping[str, Any]) -> Sealed:
    weights = [digest for name, digest in student.items() if name.endswith(".safetensors")]
    return Sealed(
        sealed_on=seal["sealedOn"],
        level=seal["level"],
        sha256=sha256_file(out / SEAL_FILE),
        is_signed=(out / SIGNED).is_file(),
        weights_sha256=weights[0] if weights else "",
    )
