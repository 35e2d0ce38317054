"""Asset rules: what `assets.json` says of the files beside it, and what holds where it says nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mde.errors import InputError
from mde.files import read_json

RULES = "assets.json"
"""The optional file on top of the folder: {"chairs/red.glb": {"scale": 0.01, "kind": "chair"}, ...}."""
UP = {"glb": "y", "gltf": "y", "obj": "y", "ply": "z"}
"""glTF says y. An OBJ and a PLY do not say; these are the axes with which Blender writes them."""
MODEL_PLACES = ("surface", "floor", "roadside")
"""On furniture, on the floor of a room or hall, and beside roads and on fields."""
TEXTURE_PLACES = ("wall", "floor", "ground", "object")
SMALL_M, LARGE_M = 0.5, 2.5
"""Below the first a thing lies on furniture or on the floor, above the second it stands out of doors only."""
KIND = re.compile(r"[a-z][a-z ]{0,29}")
RESERVED = frozenset({"light", "weather"})
"""Names that the summary of a scene uses otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What is said of one file."""

    scale: float = 1.0
    """Metres per unit of the file."""
    up: str | None = None
    """"y" or "z"; by the kind of file if not given."""
    kind: str = "asset"
    """What counts and previews call it."""
    where: tuple[str, ...] = ()
    """Places that it may take; by its size if not given."""
    share: float = 1.0
    """Weight in the draw among all that fit a place."""
    tile_m: float | None = None
    """Edge of a texture on a surface; that of the texture which it replaces if not given."""


def read_rules(root: Path) -> dict[str, Rule]:
    """The rules by the names of files, relative to the folder with slashes.

    Raises InputError, naming file and value, for a rule that cannot be followed: it would be left out in silence.
    """
    path = root / RULES
    if not path.is_file():
        return {}
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(rule, dict) for rule in content.values()):
        raise InputError(f'{path} is not an object of objects; write it like {{"chair.glb": {{"scale": 0.01}}}}')
    return {name: _rule(f"{path}: {name}", rule, name.startswith("textures/")) for name, rule in content.items()}


def _rule(title: str, raw: Mapping[str, Any], is_texture: bool) -> Rule:
    names = {field.name for field in fields(Rule)}
    if unknown := sorted(set(raw) - names):
        raise InputError(f"{title} has an unknown {unknown[0]!r}; known are {', '.join(sorted(names))}")
    for name in ("scale", "share", "tile_m"):
        value = raw.get(name, 1.0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 < value < math.inf:
            raise InputError(f"{title} has {name} {value!r}; give a number above 0")
    if raw.get("up", "y") not in ("y", "z"):
        raise InputError(f"{title} has up {raw['up']!r}; give y or z")
    kind = raw.get("kind", "asset")
    if not isinstance(kind, str) or not KIND.fullmatch(kind) or kind in RESERVED:
        raise InputError(f"{title} has kind {kind!r}; give up to 30 small letters, like chair or garden chair")
    places = TEXTURE_PLACES if is_texture else MODEL_PLACES
    where = raw.get("where", [])
    where = [where] if isinstance(where, str) else where
    if not isinstance(where, list) or not set(map(str, where)) <= set(places):
        raise InputError(f"{title} has where {raw['where']!r}; give one of {', '.join(places)}, or a list of them")
    return Rule(**{**raw, "where": tuple(where)})


def places_for(rule: Rule, size_m: Sequence[float]) -> tuple[str, ...]:
    """Where a model may stand."""
    if rule.where:
        return rule.where
    largest_m = max(size_m)
    if largest_m < SMALL_M:
        return ("surface", "floor")
    return ("floor", "roadside") if largest_m <= LARGE_M else ("roadside",)
