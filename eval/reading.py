"""Reading: frames one after the other, read ahead of whoever uses them; a damaged one does not end the pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eval.frame import Frame, Frames
from mde.batch import loaded_ahead
from mde.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """A frame whose files cannot be used."""

    name: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """All frames in order; in place of one that cannot be read, what is wrong with it."""

    frames: Frames

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Frame | Unusable]:
        return (item for _, item in loaded_ahead(self._read, range(len(self.frames)), num_threads=1))

    def _read(self, index: int) -> Frame | Unusable:
        try:
            return self.frames.read(index)
        except InputError as error:
            return Unusable(name=self.frames.entries[index].name, reason=str(error))
