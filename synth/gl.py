"""OpenGL without a display: pyrender's parts, mended where they are broken, and a clear answer where EGL is missing."""

from __future__ import annotations

import functools
import json
import os
import sys
import types
from dataclasses import dataclass
from typing import Any

import numpy as np

from mde.errors import InputError

ENVIRONMENT = {
    "PYOPENGL_PLATFORM": "egl",
    "LP_NUM_THREADS": "0",  # llvmpipe draws in the calling thread: processes scale, threads only get in the way
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Pictures come and go by the megabyte. glibc keeps their memory: given back to the system after each, it would
    # be asked for again page by page, which took 20 ms of every image.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}
"""What a rendering process needs in its environment before it starts: numpy, torch, OpenGL and glibc read it once."""

EGL_EXTENSIONS = 0x3055


@dataclass(frozen=True, slots=True)
class Pyrender:
    """The parts of pyrender and PyOpenGL that the renderer stands on."""

    context: Any
    """`EGLPlatform` with its context made current."""
    gl: Any
    """`OpenGL.GL`."""
    intrinsics_camera: Any
    """`pyrender.IntrinsicsCamera`: projection matrices."""
    shaders: Any
    """`OpenGL.GL.shaders`."""


@functools.cache
def open_pyrender() -> Pyrender:
    """Import pyrender and open an EGL context, which then belongs to this process for its whole life.

    Every back end of a process gets the same one: a second context would hide the objects of the first.

    Three faults of pyrender 0.1.45 are mended here and nowhere else: `np.infty` is gone from numpy 2;
    `pyrender.viewer` would pull in pyglet and X11, so an empty module stands in; and PyOpenGL must be told
    "egl" before its first import. Deleting one pyrender renderer kills the others of its process, so none
    is ever deleted. Raises InputError with the packages to install when EGL or OpenGL is missing.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in ENVIRONMENT.items()})
    if not hasattr(np, "infty"):
        setattr(np, "infty", np.inf)  # noqa: B010
    sys.modules.setdefault("pyrender.viewer", _viewer_stub())
    try:
        from pyrender import IntrinsicsCamera
        from pyrender.platforms import egl

        context = egl.EGLPlatform(1, 1, device=_software_device(egl))
        context.init_context()
        from OpenGL import GL
        from OpenGL.GL import shaders
    except Exception as error:  # what a missing library raises differs from version to version
        raise InputError(
            "OpenGL without a display is not available on this machine "
            f"({type(error).__name__}: {' '.join(str(error).split())[:120]}); on Debian or Ubuntu install it with: "
            "apt-get install libegl1 libgl1"
        ) from error
    return Pyrender(context, GL, IntrinsicsCamera, shaders)


def tell_device() -> None:
    """Print (name of the OpenGL device, "") or (null, reason) as JSON; for a process that only looks."""
    try:
        gl = open_pyrender().gl
    except InputError as error:
        print(json.dumps((None, str(error))))
    else:
        print(json.dumps((gl.glGetString(gl.GL_RENDERER).decode(), "")))


def _software_device(egl: Any) -> Any:
    """Mesa's software rasteriser where it is offered, else the first device.

    The processor gives the same bytes on every machine of one Mesa version, and several processes on one
    data-centre GPU are known to hang at their first read-back (google-deepmind/mujoco issue 3444).
    """
    devices = egl.query_devices() if egl._eglQueryDevicesEXT is not None else []
    for device in devices:
        extensions = egl._eglQueryDeviceStringEXT(device._display, EGL_EXTENSIONS) or b""
        if b"EGL_MESA_device_software" in extensions:
            return device
    return devices[0] if devices else egl.get_default_device()


def _viewer_stub() -> types.ModuleType:
    module = types.ModuleType("pyrender.viewer")
    module.Viewer = type("Viewer", (), {})  # type: ignore[attr-defined]
    return module
