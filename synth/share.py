"""Share: the part of the shards that one of several machines renders, known without asking the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from mde.errors import InputError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Share:
    """The share `number` of `count`, counted from 1: every `count`-th shard.

    Taking turns keeps the shares equal to within one shard, and a folder that grows keeps them as they are.
    """

    number: int = 1
    count: int = 1

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """The items that belong to this share. The shares of one count are disjoint and together everything."""
        return items[self.number - 1 :: self.count]


def parse_share(text: str) -> Share:
    """Read "2/4", the second of four. Raises InputError for anything that names no share."""
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal()):
        raise InputError(f"--shard {text} is not I/N; write it like 2/4, the second of four shares")
    if not 1 <= int(number) <= int(count):
        raise InputError(f"--shard {text} is not one of the {int(count)} shares; the first is 1/N, the last N/N")
    return Share(int(number), int(count))
