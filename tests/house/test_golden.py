"""Golden files equal what the code makes; `make golden` renews them and shows the difference."""

from __future__ import annotations

import re

from tests.golden.make import COMMANDS, ROOT, golden_files
from tests.house.test_layout import COMMANDS as COMMAND_FILES


def test_golden_files_are_up_to_date() -> None:
    stale = [path.name for path, content in golden_files().items() if path.read_text() != content]
    assert stale == [], "run `make golden`, look at the difference, and commit it with its reason"


def test_every_command_has_golden_options() -> None:
    assert {f"{command.replace('.', '/')}.py" for command in COMMANDS} == COMMAND_FILES


def test_the_readme_names_every_command_and_every_make_target() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in COMMANDS:
        assert f"python -m {command}" in readme, f"the README does not show python -m {command}"
    for target in re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE):
        assert f"make {target}" in readme, f"the README does not show make {target}"


def test_every_option_that_the_readme_shows_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    for command, options in re.findall(r"python -m ([a-z_.]+)((?:[^\n`]|\\\n)*)", readme):
        if command not in COMMANDS:
            continue
        known = (ROOT / "tests" / "golden" / "options" / f"{command}.txt").read_text()
        for flag in re.findall(r"(?<!\S)--[a-z][a-z.-]*", options):
            assert flag in known, f"README shows {flag}, which {command} does not have"
