"""Preparation: what is settled, and said, before anything is sampled: the back end and the assets."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from mde.errors import InputError
from synth.asset_rules import RULES
from synth.assets import Prepared, prepare_assets
from synth.generate_config import SETTLED, GenerateConfig
from synth.placement import PLACES
from synth.renderer import Choice, choose_back_end


def settled(config: GenerateConfig) -> tuple[GenerateConfig, Choice, Prepared | None]:
    """The configuration with its back end and its assets settled; whatever is surprising about them is said at once."""
    choice = choose_back_end(config.renderer)
    for note in choice.notes:
        print(f"note: {note}", file=sys.stderr, flush=True)
    config = replace(config, renderer=choice.name)
    if config.assets is None:
        return config, choice, None
    prepared = told_assets(config.assets)
    if not (prepared.textures or any(PLACES[config.domain].intersection(where) for where in prepared.models.values())):
        raise InputError(
            f"--assets {config.assets} holds nothing for the {config.domain} domain, whose things stand on: "
            f"{', '.join(sorted(PLACES[config.domain]))}; say where its models belong in {RULES}, or add others"
        )
    return replace(config, assets=f"{SETTLED}:{prepared.sha256}"), choice, prepared


def told_assets(folder: str) -> Prepared:
    """The folder of assets, read; files that are skipped are named."""
    root = Path(folder)
    prepared = prepare_assets(root)
    for line in prepared.lines(root):
        print(line, file=sys.stderr, flush=True)
    return prepared
