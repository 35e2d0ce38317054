from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from mde.chained_log import read_log
from mde.errors import InputError
from mde.evidence import check_level, evidence_of, level_now, read_evidence, sentence
from mde.files import write_json
from mde.provenance import reads_noted
from mde.run_directory import REPORT


def test_a_run_that_is_not_watched_has_declared_it(tmp_path: Path) -> None:
    level, why = level_now(is_watched=False)
    evidence = evidence_of(level, why, tmp_path / "none")
    assert level == "declared" and "--no-real-data" in why and evidence.log is None
    assert sentence(evidence).startswith("evidence of no real data: level A0 declared")


def test_called_from_python_a_run_is_observed(tmp_path: Path) -> None:
    with reads_noted(tmp_path / "log"):
        (tmp_path / "log").read_text()
    level, why = level_now(is_watched=True)
    evidence = evidence_of(level, why, tmp_path / "log")
    assert level == "observed" and "called from Python" in why
    assert evidence.log is not None and evidence.log.end == read_log(tmp_path / "log")[1]
    assert "level A1 observed" in sentence(evidence) and "not A2" in sentence(evidence)
    write_json(tmp_path / REPORT, {"evidence": asdict(evidence)})
    assert read_evidence(tmp_path) == evidence
    (tmp_path / REPORT).write_text('{"evidence": {"level": "enforced"}}')
    with pytest.raises(InputError, match="no evidence that this program wrote"):
        read_evidence(tmp_path)


def test_a_level_can_be_a_condition() -> None:
    check_level("observed", "", None)
    check_level("observed", "", "observed")
    check_level("enforced", "", "observed")
    with pytest.raises(InputError, match="--require enforced cannot be met here: level observed is reached, since no"):
        check_level("observed", "no Landlock", "enforced")
