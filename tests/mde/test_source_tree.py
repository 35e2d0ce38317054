from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

import mde.source_tree as source_tree
from mde.source_tree import installed_packages, source_sha256


def test_one_changed_byte_is_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a copy of the smallest package; caches and weights do not count."""
    shutil.copytree(source_tree.ROOT / "adapt", tmp_path / "adapt")
    monkeypatch.setattr(source_tree, "ROOT", tmp_path)
    before = source_sha256()
    (tmp_path / "adapt" / "cache.pyc").write_text("x")
    assert source_sha256() == before
    with open(tmp_path / "adapt" / "target.py", "a") as stream:
        stream.write("#")
    assert source_sha256() != before


def test_packages_have_their_versions() -> None:
    assert installed_packages()["torch"] == version("torch")
