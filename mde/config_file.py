"""Configuration file: a command's `config.json` read back into the dataclass that it was written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from mde.errors import InputError
from mde.files import read_json
from mde.run_directory import CONFIG

Config = TypeVar("Config")


def read_config(out: Path, command: str, kind: type[Config]) -> Config:
    """The configuration of the run in `out`. Raises InputError for a run of another command or version."""
    written = read_json(out / CONFIG)
    try:
        if written["command"] != command:
            raise ValueError(f"a run of {written['command']!r}")
        return config_from(written["config"], kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{out / CONFIG} is not a configuration of {command} of this version ({error})") from error


def config_from(values: Mapping[str, Any], kind: type[Config]) -> Config:
    """A dataclass from its JSON form: paths from text, tuples from lists. Raises TypeError for unknown names."""
    assert is_dataclass(kind)
    unknown = values.keys() - {one.name for one in fields(kind)}
    if unknown:
        raise TypeError(f"unknown options {', '.join(sorted(unknown))}")
    hints = get_type_hints(kind)
    return kind(**{name: _typed(value, hints[name]) for name, value in values.items()})


def _typed(value: Any, hint: Any) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return config_from(value, hint)
    if isinstance(value, list):
        item = get_args(hint)[0]
        return tuple(_typed(one, item) for one in value)
    if isinstance(value, str) and (hint is Path or Path in get_args(hint)):
        return Path(value)
    return value
