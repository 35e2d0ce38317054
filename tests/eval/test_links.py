from __future__ import annotations

from pathlib import Path

import eval.links as module
from eval.links import link_targets


def test_links_are_followed_to_trees_and_files_and_from_there_on(tmp_path: Path) -> None:
    root, drives, deep, store = (tmp_path / name for name in ("root", "drives", "deep", "store"))
    for folder in (root / "inner", drives, deep, store):
        folder.mkdir(parents=True)
    for file in (store / "a.png", store / "b.png", root / "inner" / "own.png"):
        file.touch()
    (root / "inner" / "raw").symlink_to(drives)
    (drives / "deeper").symlink_to(deep)
    (root / "a.png").symlink_to(store / "a.png")
    (root / "again.png").symlink_to(root / "a.png")  # a link to a link
    (root / "inside.png").symlink_to(root / "inner" / "own.png")
    (root / "nowhere").symlink_to(tmp_path / "absent")
    (deep / "back").symlink_to(tmp_path)  # around all of it
    (deep / "home").symlink_to(root)
    assert set(link_targets(root)) == {str(drives), str(deep), str(store / "a.png")}
    assert link_targets(tmp_path / "absent") == () == link_targets(store / "a.png")


def test_folders_stand_for_very_many_files(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 2)
    root, store = tmp_path / "root", tmp_path / "store"
    for folder in (root, store):
        folder.mkdir()
    for name in "abc":
        (store / name).touch()
        (root / name).symlink_to(store / name)
    assert link_targets(root) == (str(store),)
