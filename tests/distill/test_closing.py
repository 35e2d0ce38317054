from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from distill.bill_of_materials import BILL
from distill.claims import STATEMENTS
from distill.closing import close_again, close_run
from distill.inputs import Inputs
from distill.model_card import CARD
from distill.run import distill
from mde.domain import INDOOR
from mde.errors import InputError
from mde.evidence import READS
from mde.files import read_json, write_json
from mde.nets.student import STUDENT, StudentCard, save_student
from mde.seal import SEAL_FILE, SIGNED, check_sealed
from mde.shards import ShardReader
from mde.signature import read_signing_key
from tests.conftest import make_teacher
from tests.distill.test_claims import REPORT as WRITTEN
from tests.distill.test_run import small
from tests.mde.keys import write_keys


@pytest.fixture
def inputs(shards: Path) -> Inputs:
    return Inputs(teacher=make_teacher(), weights=None, reader=ShardReader(shards), files={}, student="plain")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What a run holds before it is closed, in small."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / READS).write_text("read")
    card = StudentCard(
        name="plain",
        domain="indoor",
        native_size=(32, 48),
        depth_range_m=(1e-3, 10.0),
        bins=INDOOR.bins,
        teacher="tiny",
        teacher_sha256="0" * 64,
        teacher_licence="Apache-2.0",
        step=4,
    )
    save_student(tmp_path / "run" / STUDENT, nn.Linear(1, 1), card)
    write_json(tmp_path / "run" / "config.json", {"command": "distill.run", "config": {}})
    write_json(tmp_path / "run" / "report.json", {**WRITTEN, "seal": SEAL_FILE})
    return tmp_path / "run"


def test_a_run_that_was_killed_before_its_seal_is_sealed_by_the_same_command(out: Path, inputs: Inputs) -> None:
    assert "is sealed now" in close_again(out, inputs, None)
    seal = (out / SEAL_FILE).read_bytes()
    assert "nothing to do" in close_again(out, inputs, None)
    assert (out / SEAL_FILE).read_bytes() == seal
    assert check_sealed(out).level == "A1 observed"


def test_a_run_of_a_version_without_seals_stays_without(out: Path, inputs: Inputs) -> None:
    write_json(out / "report.json", WRITTEN)
    said = close_again(out, inputs, None)
    assert "by a version that seals no runs; eval.run judges it with --unsealed" in said
    assert not (out / SEAL_FILE).exists()


def test_the_log_may_grow_after_the_seal_and_the_statements_may_not(out: Path, inputs: Inputs) -> None:
    close_run(out, inputs, None)
    (out / READS).write_text("more")
    sealed = read_json(out / SEAL_FILE)["predicate"]["runFiles"]
    assert READS not in sealed and {*STATEMENTS, BILL} <= set(sealed)
    check_sealed(out)


def test_the_student_carries_its_card_and_the_run_its_bill(out: Path, inputs: Inputs) -> None:
    close_run(out, inputs, None)
    assert "a student of tiny for indoor images" in (out / STUDENT / CARD).read_text()
    assert read_json(out / BILL)["metadata"]["component"]["name"] == "plain"
    subjects = {one["name"] for one in read_json(out / SEAL_FILE)["subject"]}
    assert f"{STUDENT}/{CARD}" in subjects


def test_a_key_signs_every_statement(out: Path, inputs: Inputs, tmp_path: Path) -> None:
    close_run(out, inputs, read_signing_key(write_keys(tmp_path)[0]))
    assert len((out / SIGNED).read_text().splitlines()) == len(STATEMENTS) + 1


def test_a_key_that_signs_nothing_stops_the_run_before_it_begins(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        distill(replace(small(tmp_path, shards), signing_key=tmp_path / "absent.pem"))
    assert not (tmp_path / "run").exists()
