"""Origin: what the records of a folder were rendered with, however often they were chosen from since."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mde.errors import InputError
from mde.shards import ShardIndex
from synth.sample_config import SampleConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The configuration behind records, which every recipe names by digest."""

    config: dict[str, Any]
    """Fields of a `SampleConfig`."""
    config_sha256: str
    is_chosen: bool
    """Whether `synth.select` copied the records from elsewhere."""


def origin_of(directory: Path, index: ShardIndex) -> Origin:
    """The origin of the records of a folder. Raises InputError for painted ones and for those of another version."""
    config, digest = index.config, index.config_sha256
    while "parent_config" in config:
        config, digest = config["parent_config"], config["parent_config_sha256"]
    wanted = {field.name for field in fields(SampleConfig)}
    if set(config) != wanted:
        names = ", ".join(sorted(set(config) ^ wanted))
        raise InputError(
            f"{directory} holds no renders of this version ({names}); look at the folder plain inside where they are "
            "painted, else use the version that made them"
        )
    return Origin(config=config, config_sha256=digest, is_chosen=config is not index.config)
