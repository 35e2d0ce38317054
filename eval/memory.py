"""Memory: what a network itself needs while it answers, apart from Python, torch and their one-off buffers.

The peak of a process is mostly its libraries, and for a small network the file that it is read from. So a fresh
process loads the network and lets it answer, which pays for everything that is paid once. It keeps that network and
loads a second one beside it: what the process grows by is the weights; how far it grows above that while the second
answers is the peak of its passes, which stands out because the process is first filled up to the most that it ever
took. Blocks of more than 64 kB are given back to the system as soon as they are free (mallopt), or the second would
hide in what the first has left.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import torch

from mde.nets.net import DepthNet
from mde.resident_memory import PeakWatch, can_watch, resident_bytes

NetOpener = Callable[[], DepthNet]
"""Loads a network; must be picklable, since another process calls it."""

NUM_PASSES = 3
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class PeakMemory:
    """Resident bytes of one network, one image of its native size at a time, with one thread."""

    weights_bytes: int
    passes_bytes: int
    """Largest growth above the weights while it answers."""

    @property
    def peak_bytes(self) -> int:
        """Weights and passes together."""
        return self.weights_bytes + self.passes_bytes


def measure_memory(opener: NetOpener) -> PeakMemory | None:
    """Peak memory of a network in a fresh process.

    None where the system does not tell (it takes Linux), and where the process was ended from outside, as when memory
    runs out.
    """
    if not can_watch():
        return None
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(opener, sender), daemon=True)
    process.start()
    sender.close()
    try:
        answer: PeakMemory = receiver.recv()
        return answer
    except EOFError:
        return None
    finally:
        receiver.close()
        process.join()


def _serve(opener: NetOpener, sender: Connection) -> None:
    torch.set_num_threads(1)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # other C libraries give large blocks back anyway
        libc.mallopt(_M_MMAP_THRESHOLD, _BLOCK_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _BLOCK_BYTES)
    first = opener()
    _answer(first)
    gc.collect()
    empty = resident_bytes()
    net = opener()
    gc.collect()
    loaded = resident_bytes()
    watch = PeakWatch()
    _answer(net)
    sender.send(PeakMemory(weights_bytes=max(0, loaded - empty), passes_bytes=watch.growth_bytes()))
    del first  # kept until here, so that nothing of the second lies in its place


@torch.inference_mode()
def _answer(net: DepthNet) -> None:
    net.eval()
    image = torch.rand((1, 3, *net.spec.native_size), generator=torch.Generator().manual_seed(0))
    for _ in range(NUM_PASSES):
        net(image)
