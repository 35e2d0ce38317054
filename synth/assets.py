"""Assets: things and textures of the user's own, read once and prepared for every process that renders."""

from __future__ import annotations

import importlib.metadata
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mde.errors import InputError
from mde.files import read_json, sha256_bytes, sha256_file, write_json
from synth.asset_file import Assets, Model, Texture, is_kept, keep_assets, pack_assets
from synth.asset_folder import AssetFolder, look_into
from synth.asset_rules import RULES, TEXTURE_PLACES, UP, Rule, places_for, read_rules
from synth.bank_file import cache_directory
from synth.noise import SIZE_PX

READ_S = 60.0
"""Seconds that reading one file may take; a parser that takes longer hangs."""
READER = (sys.executable, "-c", "from synth.asset_reader import main; main()")
"""Command of the process that reads."""
MAX_LAYERS = 256
"""Textures of all assets together, in the memory of every rendering process."""
MAX_TRIANGLES = 3_000_000
"""Triangles of all assets together."""
SOURCES = (
    "asset_mesh",
    "asset_model",
    "asset_picture",
    "asset_reader",
    "asset_rules",
    "asset_source",
    "assets",
    "mesh",
)
"""Modules that decide what becomes of a file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What came of a folder of assets."""

    sha256: str
    """Digest of what is used: part of what a sample depends on."""
    models: dict[str, tuple[str, ...]]
    """Models that can be used, and the places that each may take."""
    textures: tuple[str, ...]
    skipped: dict[str, str]
    """Files that cannot be used, and why."""

    def counts(self) -> dict[str, str | int]:
        """Figures for the index."""
        counts = {"num_models": len(self.models), "num_textures": len(self.textures), "num_skipped": len(self.skipped)}
        return {"sha256": self.sha256, **counts}

    def facts(self) -> dict[str, Any]:
        """What the report says."""
        return {**self.counts(), "models": self.models, "textures": self.textures, "skipped": self.skipped}

    def lines(self, root: Path) -> Iterator[str]:
        """What the user should know, a line each."""
        for name, reason in self.skipped.items():
            yield f"skipped: {root / name} {reason}"
        yield (
            f"assets: {len(self.models)} models and {len(self.textures)} textures of {root}, "
            f"{len(self.skipped)} skipped"
        )


def prepare_assets(root: Path) -> Prepared:
    """Read a folder of assets, or find it prepared already.

    Every file is opened by a process of its own kind, which may crash or hang without harm.
    Raises InputError when there is no such folder, a wrong rule, or nothing that can be used.
    """
    folder, rules = look_into(root), read_rules(root)
    strangers = sorted(set(rules) - {*folder.models, *folder.textures, *folder.skipped})
    if strangers:
        raise InputError(f"{root / RULES} speaks of {strangers[0]}, which is not in the folder; correct the name")
    note = cache_directory() / f"assets-of-{_key(folder)[:16]}.json"
    known = _noted(note)
    if known is not None:
        return known
    made, skipped = _read_all(folder, rules)
    skipped = {**folder.skipped, **skipped}
    if not (made.models or made.textures):
        name, reason = next(iter(skipped.items()))
        raise InputError(
            f"--assets {root} holds nothing that can be used: {name} {reason}, and so on for {len(skipped)}"
        )
    prepared = Prepared(
        sha256=keep_assets(pack_assets(made)),
        models={model.name: model.where for model in made.models},
        textures=tuple(texture.name for texture in made.textures),
        skipped=skipped,
    )
    write_json(note, prepared)
    return prepared


def _key(folder: AssetFolder) -> str:
    """Digest of all that decides what a folder becomes."""
    versions = [importlib.metadata.version(name) for name in ("numpy", "pillow", "trimesh")]
    sources = [sha256_file(Path(__file__).with_name(f"{name}.py")) for name in SOURCES]
    return sha256_bytes(json.dumps([folder.sha256, folder.skipped, *versions, *sources]).encode())


def _noted(note: Path) -> Prepared | None:
    """What an earlier call found out, if its file is still there."""
    if not note.is_file():
        return None
    try:
        raw = read_json(note)
        models = {name: tuple(where) for name, where in raw["models"].items()}
        known = Prepared(**{**raw, "models": models, "textures": tuple(raw["textures"])})
    except (InputError, TypeError, KeyError, AttributeError):
        return None  # a damaged note is written anew
    return known if is_kept(known.sha256) else None


def _read_all(folder: AssetFolder, rules: dict[str, Rule]) -> tuple[Assets, dict[str, str]]:
    """The content of all files that can be used, and the reasons for the others."""
    stock, skipped = _Stock(), dict[str, str]()
    with tempfile.TemporaryDirectory() as place, _reader() as reader:
        for name in (*folder.models, *folder.textures):
            rule, out = rules.get(name, Rule()), Path(place) / "arrays.npz"
            is_texture = name in folder.textures
            up = rule.up or UP.get(Path(name).suffix[1:].lower(), "y")
            request = {"root": str(folder.root.resolve()), "name": name, "scale": rule.scale, "up": up}
            problem = reader.ask({**request, "is_texture": is_texture, "out": str(out)})
            if problem is None:
                with np.load(out, allow_pickle=False) as arrays:
                    problem = stock.add(name, rule, dict(arrays), is_texture=is_texture)
            if problem is not None:
                skipped[name] = problem
    return stock.assets(), skipped


class _Stock:
    """What was read so far."""

    def __init__(self) -> None:
        self._models: list[Model] = []
        self._textures: list[Texture] = []
        self._arrays: dict[str, list[np.ndarray]] = {name: [] for name in ("corners_m", "normals", "uv", "look")}
        self._pixels = [np.full((1, SIZE_PX, SIZE_PX, 4), 255, dtype=np.uint8)]
        self._num_layers, self._num_rows = 1, 0

    def add(self, name: str, rule: Rule, arrays: dict[str, np.ndarray], *, is_texture: bool) -> str | None:
        """Take what came of one file; answers the reason where that is too much."""
        first, pixels = self._num_layers, arrays["pictures"]
        if first + len(pixels) > MAX_LAYERS:
            return f"brings the textures of all assets above {MAX_LAYERS}"
        if is_texture:
            where = rule.where or TEXTURE_PLACES
            texture = Texture(name=name, where=where, share=rule.share, tile_m=rule.tile_m, layer=first)
            self._textures.append(texture)
        else:
            begin, end = self._num_rows, self._num_rows + len(arrays["look"])
            if end > MAX_TRIANGLES:
                return f"brings the triangles of all assets above {MAX_TRIANGLES}"
            low, high = (limit(arrays["corners_m"], axis=(0, 1)) for limit in (np.min, np.max))
            x, y, z = (round(float(value), 6) for value in high - low)
            places = places_for(rule, (x, y, z))
            self._models.append(
                Model(name=name, kind=rule.kind, where=places, share=rule.share, size_m=(x, y, z), rows=(begin, end))
            )
            layer = arrays["look"][:, 4]
            layer[layer > 0] += first - 1  # 0 is white for all
            for key, parts in self._arrays.items():
                parts.append(arrays[key])
            self._num_rows = end
        self._pixels.append(pixels)
        self._num_layers += len(pixels)
        return None

    def assets(self) -> Assets:
        """All of it together."""
        shapes = {"corners_m": (0, 3, 3), "normals": (0, 3, 3), "uv": (0, 3, 2), "look": (0, 9)}
        arrays = {
            name: np.concatenate([np.empty(shapes[name], dtype=np.float32), *parts])
            for name, parts in self._arrays.items()
        }
        arrays["pixels"] = np.concatenate(self._pixels)
        return Assets(models=tuple(self._models), textures=tuple(self._textures), arrays=arrays)


@contextmanager
def _reader() -> Iterator[_Reader]:
    reader = _Reader()
    try:
        yield reader
    finally:
        reader.end()


class _Reader:
    """The process that reads; a new one for each that crashed or hung."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, Any]) -> str | None:
        """Have one file read; answers the reason where that failed."""
        if self._process is None:
            self._process = self._start()
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            is_ready = bool(select.select([self._process.stdout], [], [], READ_S)[0])
            line = self._process.stdout.readline() if is_ready else b""
        except BrokenPipeError:
            is_ready, line = True, b""
        if line:
            problem: str | None = json.loads(line)["problem"]
            return problem
        self.end()
        return "makes its reader crash" if is_ready else f"takes more than {READ_S:.0f} s to be read"

    def end(self) -> None:
        """Stop the process, whatever it is doing."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).resolve().parents[1])
        search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        return subprocess.Popen(
            READER,
            env={**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
