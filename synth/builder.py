"""Builder: collects the things of a scene, each from a stream of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from synth.mesh import Mesh
from synth.paint import Paint
from synth.scene import Thing
from synth.textures import Bank

MAX_THINGS = 60_000
"""Instance ids are 16-bit."""


class Builder:
    """Things in the order of their making; the order gives the instance ids."""

    def __init__(self, layout: np.random.Generator, surfaces: np.random.Generator, bank: Bank) -> None:
        self._layout, self._surfaces, self._bank = layout, surfaces, bank
        self.things: list[Thing] = []

    def streams(self) -> tuple[np.random.Generator, Paint]:
        """The next object's own shape stream and paint: one more object leaves the others as they were."""
        return self._layout.spawn(1)[0], Paint(self._surfaces.spawn(1)[0], self._bank)

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

    def counts(self) -> dict[str, int]:
        """How many things of each kind."""
        return dict(sorted(Counter(thing.kind for thing in self.things).items()))
