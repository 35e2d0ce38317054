from __future__ import annotations

import socket

import pytest

from mde.connections import connections_noted


def test_what_is_asked_for_is_noted_inside_the_block_alone() -> None:
    with connections_noted() as quiet:
        pass
    with connections_noted() as noted:
        with socket.socket() as stream, pytest.raises(OSError):
            stream.connect(("127.0.0.1", 1))  # nobody listens there
        socket.getaddrinfo("127.0.0.1", 80)
    socket.getaddrinfo("127.0.0.1", 81)
    assert noted == ["('127.0.0.1', 1)", "127.0.0.1"]
    assert quiet == []
