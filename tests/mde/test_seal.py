from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mde.errors import InputError
from mde.files import sha256_file, write_json
from mde.seal import SEAL_FILE, SIGNED, check_sealed, now, read_seal, seal_of_weights, seal_run, sign_run
from mde.signature import opened, read_public_key, read_signing_key
from tests.mde.keys import write_keys


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A sealed run of small files."""
    out = tmp_path / "run"
    (out / "student").mkdir(parents=True)
    for name in ("student/tensors.safetensors", "student/sidecar.json", "config.json", "reads.txt"):
        (out / name).write_text(name)
    write_json(out / "report.json", {"no_real_data": None})
    seal_run(out, level="A0 declared", open_files=frozenset({"reads.txt"}), sealed_on="2026-01-02T03:04:05Z")
    return out


def test_a_seal_names_every_file_but_those_that_may_grow(run: Path) -> None:
    student, seal = read_seal(run)
    assert set(student) == {"student/tensors.safetensors", "student/sidecar.json"}
    assert set(seal["runFiles"]) == {"config.json"}
    assert seal["reportSha256"] == sha256_file(run / "report.json")


def test_a_seal_is_an_in_toto_statement(run: Path) -> None:
    statement = json.loads((run / SEAL_FILE).read_text())
    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert all(set(one) == {"name", "digest"} for one in statement["subject"])


def test_an_untouched_student_is_found_sealed_from_its_run_and_from_its_own_folder(run: Path) -> None:
    for path in (run, run / "student"):
        sealed = check_sealed(path)
        assert (sealed.sealed_on, sealed.level, sealed.is_signed) == ("2026-01-02T03:04:05Z", "A0 declared", False)
        assert sealed.weights_sha256 == sha256_file(run / "student" / "tensors.safetensors")


CHANGES: dict[str, Callable[[Path], object]] = {
    "tensors.safetensors has changed": lambda run: (run / "student/tensors.safetensors").write_text("x"),
    "sidecar.json is missing": lambda run: (run / "student/sidecar.json").unlink(),
    "student/extra.py was added after the seal": lambda run: (run / "student/extra.py").write_text("x"),
    "report.json is not the one that was sealed": lambda run: (run / "report.json").write_text("{}"),
    "does not exist; give a run": lambda run: (run / SEAL_FILE).unlink(),
    "is not a seal of this program": lambda run: (run / SEAL_FILE).write_text('{"predicateType": "x"}'),
}


@pytest.mark.parametrize("words", CHANGES)
def test_what_is_not_as_it_was_sealed_is_refused_in_one_line(run: Path, words: str) -> None:
    CHANGES[words](run)
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        check_sealed(run)
    assert "\n" not in str(caught.value)


def test_a_seal_is_found_by_the_digest_of_the_weights(run: Path, tmp_path: Path) -> None:
    digest = sha256_file(run / "student" / "tensors.safetensors")
    found = seal_of_weights(digest, (tmp_path, run))
    assert found is not None and found.sha256 == sha256_file(run / SEAL_FILE)
    assert seal_of_weights("0" * 64, (run,)) is None


def test_a_signed_seal_is_the_very_file_that_lies_beside_it(run: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    sign_run(run, (), read_signing_key(private))
    (line,) = (run / SIGNED).read_text().splitlines()
    assert opened(json.loads(line), read_public_key(public)) == (run / SEAL_FILE).read_bytes()
    assert check_sealed(run).is_signed


def test_the_time_is_written_as_in_toto_wants_it() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now())
