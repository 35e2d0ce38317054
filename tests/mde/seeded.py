"""Answers of the authors' own networks, and files with the seeded weights that they were computed with."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def seeded_file(shared: Path, stem: str, path: Path) -> Path:
    """Write the seeded weights of `stem` to `path` in the layout that is published."""
    spec = importlib.util.spec_from_file_location("seeded_checkpoint", shared / "oracles" / "seeded_checkpoint.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    state = module.seeded_state_dict(shared / "oracles" / f"{stem}_keys.tsv", 0)
    torch.save(module.published_layout(stem, state), path)
    return path


def recorded_answers(shared: Path, stem: str) -> Iterator[tuple[str, Tensor, dict[str, Tensor]]]:
    """Each case's name, its image (1,3,H,W), RGB in [0,1], and what the network answers to it, by field."""
    with np.load(shared / "oracles" / f"{stem}_expected.npz") as file:
        for key in file:
            if not key.startswith("image_u8_"):
                continue
            case = key.removeprefix("image_u8_")
            image = torch.from_numpy(file[key]).permute(2, 0, 1)[None].float() / 255
            end = f"_{case}"
            names = [name for name in file if name.endswith(end) and name != key]
            yield case, image, {name.removesuffix(end): torch.from_numpy(file[name]) for name in names}
