"""Asset source: the one folder that a reader of assets may read from."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote

MAX_BYTES = 512 * 1024 * 1024
"""Size of one file."""


class Unusable(Exception):
    """Why a file cannot be used, in a few words that follow its name."""


class AssetSource:
    """Files beside a model, by the names that the model gives them; nothing outside the folder is opened.

    trimesh asks it for materials, buffers and pictures, and swallows what it raises; `problems` remembers.
    """

    def __init__(self, root: Path, name: str) -> None:
        self._root, self._folder = root.resolve(), (root / name).resolve().parent
        self.file_name = PurePosixPath(name).name
        self.problems: list[str] = []

    def get(self, key: str) -> bytes:
        """The content of a file that the model names, relative to itself."""
        path = (self._folder / unquote(str(key).replace("\\", "/").strip())).resolve()
        if not path.is_relative_to(self._root):
            self.problems.append(f"names {str(key)[:80]!r}, which is outside of the folder")
            raise FileNotFoundError(key)
        if not path.is_file():
            raise FileNotFoundError(key)
        if path.stat().st_size > MAX_BYTES:
            self.problems.append(f"names {path.name}, which has more than {MAX_BYTES / 1e6:.0f} MB")
            raise FileNotFoundError(key)
        return path.read_bytes()

    def __getitem__(self, key: str) -> bytes:
        return self.get(key)

    def keys(self) -> list[str]:
        """Names of the files beside the model."""
        return sorted(path.name for path in self._folder.iterdir() if path.is_file())

    def __contains__(self, key: str) -> bool:
        return key in self.keys()

    def namespaced(self, namespace: str) -> AssetSource:
        """trimesh asks for this where it reads archives, which are not read here."""
        raise FileNotFoundError(namespace)
