"""Connections that this process tries to make, noted while it happens: whether a teacher loads without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")
_noted: list[str] | None = None
_is_hooked = False


@contextmanager
def connections_noted() -> Iterator[list[str]]:
    """Note every address that Python code asks for inside the block. Blocks do not nest; native code is not seen."""
    global _noted, _is_hooked
    assert _noted is None, "connections are being noted already"
    if not _is_hooked:  # Python has no way to take a hook away again, so it is added once
        sys.addaudithook(_hook)
        _is_hooked = True
    noted: list[str] = []
    _noted = noted
    try:
        yield noted
    finally:
        _noted = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _noted is not None and event in _EVENTS:
        _noted.append(str(arguments[1] if event == "socket.connect" else arguments[0]))
