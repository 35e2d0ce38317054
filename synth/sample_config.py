"""Sample configuration: all that a sample depends on, besides its index."""

from __future__ import annotations

from dataclasses import dataclass

from mde.domain import DomainName
from mde.files import json_bytes, sha256_bytes
from synth.renderer import BackEnd

GENERATOR_VERSION = 4
"""Counts up with every change that changes a sample."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleConfig:
    """Domain, seed, image size and back end; how many samples there are and who renders them changes none of them."""

    domain: DomainName
    seed: int
    height: int
    width: int
    renderer: BackEnd = "onepass"
    """Two back ends agree on depth and ids, and differ a little in colour."""
    generator_version: int = GENERATOR_VERSION
    assets_sha256: str | None = None
    """Digest of the prepared assets that may stand in the scenes, see `synth.asset_file`."""

    @property
    def sha256(self) -> str:
        """Digest of the canonical JSON of the fields."""
        return sha256_bytes(json_bytes(self))
