"""Renderer: one interface over three back ends, and the choice among them.

`onepass` draws with OpenGL in few calls and is the default. `pyrender` draws the same scene with pyrender itself.
`embree` follows rays on the processor, needs no system library, and is taken where OpenGL is missing. All give the
same z and ids up to rounding at silhouettes; colours differ a little, so the name belongs to what a sample depends on.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from mde.errors import InputError
from synth.gl import ENVIRONMENT
from synth.scene import Frame, Scene

BackEnd = Literal["onepass", "pyrender", "embree"]
"""What can draw."""
RendererName = Literal["auto", "onepass", "pyrender", "embree"]
"""What a user may ask for."""
PROBE_S = 120.0
"""Seconds in which OpenGL must have opened; a context that takes longer hangs."""
NVIDIA = (Path("dev/nvidia0"), Path("proc/driver/nvidia"))
"""Where Linux shows an NVIDIA GPU, under the root."""


class Renderer(Protocol):
    """Draws scenes of one image size or several. Make one per process and keep it."""

    @property
    def device(self) -> str:
        """Name of what draws, for reports."""

    def render(self, scene: Scene) -> Frame:
        """Draw one scene. The same scene gives the same bytes in every process of one machine and driver."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The back end that a run uses, and what its user should know about it."""

    name: BackEnd
    notes: tuple[str, ...] = ()
    """One line each."""


def choose_back_end(name: RendererName) -> Choice:
    """Settle `auto`, and look whether OpenGL draws where one would expect it.

    Raises InputError with the packages to install when `onepass` or `pyrender` is asked for without OpenGL.
    """
    if name == "embree":
        return Choice(name="embree")
    device, problem = opengl_device()
    if device is None:
        if name != "auto":
            raise InputError(problem)
        return Choice(name="embree", notes=(f"rendering with embree, since {problem}",))
    notes = software_notes(device)
    return Choice(name="onepass" if name == "auto" else name, notes=notes)


@functools.cache
def opengl_device() -> tuple[str | None, str]:
    """Name of the OpenGL device and "", or None and the reason.

    A process of its own looks: a context may hang, and one that is open could not be shared with the workers.
    """
    root = str(Path(__file__).resolve().parents[1])
    search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from synth.gl import tell_device; tell_device()"],
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            timeout=PROBE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"OpenGL did not open within {PROBE_S:.0f} s; look at the driver, or choose --renderer embree"
    if done.returncode != 0:
        words = " ".join(done.stderr.split()[-20:]) or f"exit status {done.returncode}"
        return (
            None,
            f"OpenGL cannot be opened on this machine ({words}); look at the driver, or choose --renderer embree",
        )
    device, problem = json.loads(done.stdout.splitlines()[-1])
    return device, problem


def software_notes(device: str, root: Path = Path("/")) -> tuple[str, ...]:
    """A line when OpenGL draws on the processor although the machine has an NVIDIA GPU."""
    has_gpu = any((root / place).exists() for place in NVIDIA)
    if not (has_gpu and any(word in device.lower() for word in ("llvmpipe", "softpipe", "swrast"))):
        return ()
    return (
        f"this machine has an NVIDIA GPU, but OpenGL draws on the processor ({device}); "
        "that is safe, and more --workers make it faster",
    )


def open_renderer(name: BackEnd, bank: np.ndarray) -> Renderer:
    """A renderer with the (L,S,S,4) uint8 texture bank. Raises InputError when it needs OpenGL and there is none."""
    return OPENERS[name](bank)


def _open_onepass(bank: np.ndarray) -> Renderer:
    from synth.onepass import OnePass

    return OnePass(bank)


def _open_pyrender(bank: np.ndarray) -> Renderer:
    from synth.pyrender_backend import PyrenderBackend

    return PyrenderBackend(bank)


def _open_embree(bank: np.ndarray) -> Renderer:
    from synth.embree import Embree

    return Embree(bank)


OPENERS: dict[BackEnd, Callable[[np.ndarray], Renderer]] = {
    "onepass": _open_onepass,
    "pyrender": _open_pyrender,
    "embree": _open_embree,
}
