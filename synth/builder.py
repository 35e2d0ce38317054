"""Builder: collects the things of a scene, each from a stream of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from synth.mesh import Material, Mesh, from_corners
from synth.paint import Paint
from synth.scene import Thing
from synth.textures import Bank

MAX_THINGS = 60_000
"""Instance ids are 16-bit."""

BLOCK, WORDS = 64, 4
"""Streams that are seeded together, and 64-bit words that a PCG64 is seeded with."""
NOTHING = from_corners(np.full((1, 3, 3), -1000.0), Material(layer=0))
"""A triangle without area, far below all ground."""


class Builder:
    """Things in the order of their making; the order gives the instance ids."""

    def __init__(self, layout: np.random.Generator, surfaces: np.random.Generator, bank: Bank) -> None:
        self._layout, self._surfaces = _Streams(layout), _Streams(surfaces)
        self._number, self._bank = 0, bank
        self.things: list[Thing] = []

    @property
    def is_coarse(self) -> bool:
        """Whether the scene is for a preview."""
        return self._bank.is_coarse

    def skip(self) -> None:
        """Pass over the streams of an object that nobody sees; the next one has its own all the same."""
        self._number += 1

    def streams(self) -> tuple[np.random.Generator, Paint]:
        """The next object's own shape stream and paint: one more object leaves the others as they were."""
        self._number += 1
        return self._layout.stream(self._number), Paint(self._surfaces.stream(self._number), self._bank)

    def add(self, kind: str, mesh: Mesh, *, casts_shadow: bool = True) -> None:
        """Append a finished object."""
        assert len(self.things) < MAX_THINGS
        self.things.append(Thing(kind=kind, mesh=mesh, casts_shadow=casts_shadow))

    def make(
        self,
        kind: str,
        maker: Callable[[np.random.Generator, Paint], Mesh],
        at_m: np.ndarray | tuple[float, float, float],
        *,
        yaw_rad: float = 0.0,
    ) -> None:
        """Make an object from the next streams, turn it and put it down."""
        self.add(kind, maker(*self.streams()).moved(at_m, yaw_rad=yaw_rad))

    def omit(self, kind: str) -> None:
        """Count an object that a preview cannot show: it takes its number, so that the others keep theirs."""
        self.skip()
        self.add(kind, NOTHING, casts_shadow=False)

    def counts(self) -> dict[str, int]:
        """How many things of each kind."""
        return dict(sorted(Counter(thing.kind for thing in self.things).items()))


class _Streams:
    """Generators by number; all seeds of a block come from one call, since the hash behind them is slow to start."""

    def __init__(self, parent: np.random.Generator) -> None:
        seeds = parent.bit_generator.seed_seq
        assert isinstance(seeds, np.random.SeedSequence)
        self._parent = seeds
        self._block = -1
        self._words: np.ndarray = np.empty((0, WORDS), dtype=np.uint64)

    def stream(self, number: int) -> np.random.Generator:
        """The generator of one object; one that stands alone would do as well, only slower."""
        block, row = divmod(number, BLOCK)
        if block != self._block:
            seeds = np.random.SeedSequence(self._parent.entropy, spawn_key=(*self._parent.spawn_key, block))
            self._block, self._words = block, np.reshape(seeds.generate_state(BLOCK * WORDS, np.uint64), (BLOCK, WORDS))
        seed: Any = _Seed(self._words[row])  # numpy takes any ISeedSequence, its type hints do not say so
        return np.random.Generator(np.random.PCG64(seed))


class _Seed(np.random.bit_generator.ISeedSequence):
    """Words that a `SeedSequence` gave."""

    def __init__(self, words: np.ndarray) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> np.ndarray:
        """The words, which are as many and as wide as PCG64 asks for."""
        assert n_words == len(self._words) and dtype == self._words.dtype
        return self._words
