from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distill.closing import close_again, close_run
from distill.data_statement import READS
from distill.run import distill
from mde.errors import InputError
from mde.files import read_json, write_json
from mde.seal import SEAL_FILE, SIGNED, check_sealed
from mde.signature import read_signing_key
from tests.distill.test_run import small
from tests.mde.keys import write_keys


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What a run holds before it is closed, in small."""
    (tmp_path / "run" / "student").mkdir(parents=True)
    for name in ("student/tensors.safetensors", READS):
        (tmp_path / "run" / name).write_text(name)
    write_json(tmp_path / "run" / "report.json", {"evidence": {"level": "observed"}, "seal": SEAL_FILE})
    return tmp_path / "run"


def test_a_run_that_was_killed_before_its_seal_is_sealed_by_the_same_command(out: Path) -> None:
    assert "is sealed now" in close_again(out, None)
    seal = (out / SEAL_FILE).read_bytes()
    assert "nothing to do" in close_again(out, None)
    assert (out / SEAL_FILE).read_bytes() == seal
    assert check_sealed(out).level == "A1 observed"


def test_a_run_of_a_version_without_seals_stays_without(out: Path) -> None:
    write_json(out / "report.json", {"evidence": {"level": "observed"}})
    assert "by a version that seals no runs; eval.run judges it with --unsealed" in close_again(out, None)
    assert not (out / SEAL_FILE).exists()


def test_the_log_may_grow_after_the_seal(out: Path) -> None:
    close_run(out, None)
    (out / READS).write_text("more")
    assert READS not in read_json(out / SEAL_FILE)["predicate"]["runFiles"]
    check_sealed(out)


def test_a_key_signs(out: Path, tmp_path: Path) -> None:
    close_run(out, read_signing_key(write_keys(tmp_path)[0]))
    assert (out / SIGNED).is_file()


def test_a_key_that_signs_nothing_stops_the_run_before_it_begins(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        distill(replace(small(tmp_path, shards), signing_key=tmp_path / "absent.pem"))
    assert not (tmp_path / "run").exists()
