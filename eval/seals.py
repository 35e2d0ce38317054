"""Seals: which of the networks that are judged were sealed before, and what the report says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mde.nets.exported import SUFFIX
from mde.nets.net import DepthNet
from mde.seal import Sealed, check_sealed, seal_of_weights


def find_seals(
    paths: Mapping[str, Path], nets: Mapping[str, DepthNet], *, allow_unsealed: bool
) -> dict[str, Sealed | None]:
    """The seal of every student by its name; None where there is none.

    An exported file belongs to the seal that names the digest in its metadata, looked for beside the file and in the
    runs among `paths`; it may have none. Raises InputError, but for `allow_unsealed`, for a folder that was never
    sealed or has changed since.
    """
    folders = tuple(path for path in paths.values() if path.suffix != SUFFIX)
    seals: dict[str, Sealed | None] = {}
    for name, path in paths.items():
        if path.suffix == SUFFIX:
            beside = (path.resolve().parent, *folders)
            seals[name] = seal_of_weights(nets[name].spec.weights_sha256, beside)
        else:
            seals[name] = None if allow_unsealed else check_sealed(path)
    return seals


def sentences(seals: Mapping[str, Sealed | None]) -> list[str]:
    """What stands on the page about each student."""
    return [f"{name}: {_sentence(seal)}" for name, seal in seals.items()]


def _sentence(seal: Sealed | None) -> str:
    if seal is None:
        return "no seal was checked, so nothing shows that it was finished before these images were opened"
    signed = "signed" if seal.is_signed else "not signed"
    return f"sealed on {seal.sealed_on} ({signed}, level {seal.level}, seal {seal.sha256[:12]})"


def figures(seals: Mapping[str, Sealed | None]) -> dict[str, Any]:
    """The same for programs."""
    return {name: None if seal is None else asdict(seal) for name, seal in seals.items()}
