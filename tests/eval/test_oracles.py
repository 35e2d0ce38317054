"""Published programs against `python -m eval.run`, to the last digit that they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.eval.oracles import ORACLES, run_oracle


@pytest.mark.parametrize("program", ORACLES)
def test_the_command_says_what_the_authors_program_says(program: str, shared: Path, tmp_path: Path) -> None:
    assert run_oracle(program, shared / "oracles" / "metrics", tmp_path) == []
