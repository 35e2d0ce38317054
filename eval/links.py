"""Links: where those below a folder lead, since benchmarks are often linked together from other places."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MAX_FILES = 1000
"""Single files that are listed one by one; the list goes to child processes in an environment variable."""


def link_targets(folder: Path) -> tuple[str, ...]:
    """Where links below `folder` lead outside it: trees and single files, those of links below such trees too.

    A link to a folder around one that is searched already leads back, and is left out. Of more than 1000 single files
    the folders stand for them.
    """
    trees, files = [os.path.realpath(folder)], set[str]()
    for tree in trees:  # grows meanwhile
        for link in _links(tree):
            target = os.path.realpath(link)
            if any(_is_within(target, known) or _is_within(known, target) for known in trees):
                continue
            if os.path.isdir(target):
                trees.append(target)
            elif os.path.exists(target):
                files.add(target)
    outside = {file for file in files if not any(_is_within(file, tree) for tree in trees)}
    if len(outside) > MAX_FILES:
        outside = {os.path.dirname(file) for file in outside}
    return (*trees[1:], *sorted(outside))


def _is_within(path: str, tree: str) -> bool:
    return path == tree or path.startswith(tree.rstrip("/") + "/")


def _links(tree: str) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        folder = waiting.pop()
        if not os.path.isdir(folder) or not os.access(folder, os.R_OK | os.X_OK):
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
