"""Shared namespaces: processes of one machine that train together leave the network together, into the same new one.

The first makes it and hands it to the others through a socket that is named after the launcher that started them all.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import time
from collections.abc import Mapping

from mde.namespaces import leave_network_and_memory

_KINDS = ("user", "net", "ipc", "mnt")
"""A user namespace first: it permits to enter the others."""
PATIENCE_S = 120.0
"""How long they wait for each other; they are started within seconds."""
ENVIRONMENT = {
    "MASTER_ADDR": "127.0.0.1",
    "TORCHELASTIC_USE_AGENT_STORE": "False",  # that of the launcher stays outside; the first process has its own
    "GLOO_SOCKET_IFNAME": "lo",
    "NCCL_SOCKET_IFNAME": "lo",
}
"""What tells torch to meet inside."""


def leave_network_together(environment: Mapping[str, str]) -> str | None:
    """Move this process, one of those that `environment` speaks of as torch's launchers do, with all others.

    To be called while there is one thread. Answers None, or why it is not possible, which then all of them answer.
    """
    num, rank = int(environment["WORLD_SIZE"]), int(environment["RANK"])
    if int(environment.get("LOCAL_WORLD_SIZE", num)) != num:
        return "processes on several machines train together and need a network"
    name = f"\0mde-{os.getppid()}-{environment.get('MASTER_PORT', '')}"
    return _give(name, num - 1) if rank == 0 else _take(name)


def _give(name: str, num_others: int) -> str | None:
    """Make the namespaces and hand them out."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen(num_others)
        listener.settimeout(PATIENCE_S)
        why = leave_network_and_memory()
        handles = [] if why is not None else [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in _KINDS]
        served = 0
        while served < num_others:
            with listener.accept()[0] as other:
                if _user_of(other) == os.getuid():
                    socket.send_fds(other, [(why or "ready").encode()], handles)
                    served += 1
        for handle in handles:
            os.close(handle)
    return why


def _take(name: str) -> str | None:
    """Wait for the namespaces and enter them."""
    with _connected(name) as giver:
        text, handles, _, _ = socket.recv_fds(giver, 1000, len(_KINDS))
    library, here = ctypes.CDLL(None, use_errno=True), os.getcwd()
    for kind, handle in zip(_KINDS, handles, strict=False):
        if os.fstat(handle).st_ino != os.stat(f"/proc/self/ns/{kind}").st_ino and library.setns(handle, 0) != 0:
            raise OSError(ctypes.get_errno(), f"the {kind} namespace of the first process cannot be entered")
        os.close(handle)
    os.chdir(here)  # entering a namespace of mounts leads to its root
    return None if handles else text.decode()


def _connected(name: str) -> socket.socket:
    end = time.monotonic() + PATIENCE_S
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(name)
        except ConnectionRefusedError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            connection.settimeout(PATIENCE_S)
            return connection


def _user_of(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    user: int = struct.unpack("3i", credentials)[1]
    return user
