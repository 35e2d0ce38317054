"""Scene: everything that a picture needs, and the frame that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mde.camera import Camera
from synth.mesh import Mesh

Colour = tuple[float, float, float]


class RejectedScene(Exception):
    """The draw gave an impossible or useless picture; the caller draws again from the next stream."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """One object with one instance id."""

    kind: str
    mesh: Mesh
    casts_shadow: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """A lamp at a place, or the sun (`is_sun`) from a direction."""

    colour: Colour
    """Linear; for a lamp at 1 m, for the sun at any distance."""
    place_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Position of a lamp; unit vector towards the sun."""
    axis: tuple[float, float, float] = (0.0, 0.0, -1.0)
    """Direction in which a lamp shines."""
    half_angle_rad: float = np.pi
    is_sun: bool = False
    has_shadow: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Surrounding:
    """Light that comes from everywhere, and what is seen where nothing stands."""

    ambient_up: Colour
    ambient_side: Colour
    ambient_down: Colour
    sky_zenith: Colour
    sky_horizon: Colour
    sky_ground: Colour
    sun_direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    sun_glow: Colour = (0.0, 0.0, 0.0)
    cloud: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 0.0)
    """Cover in [0,1], scale, offset of the pattern."""
    haze_per_m: float = 0.0
    room_m: tuple[tuple[float, float, float], tuple[float, float, float]] = ((-1e4, -1e4, 0.0), (1e4, 1e4, 1e4))
    """Planes beside which surfaces get darker; out of doors only the ground."""
    corner_shade: float = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Objects, lights and one camera. Instance ids count from 1 in the order of `things`."""

    kind: str
    things: Sequence[Thing]
    lights: Sequence[Light]
    surrounding: Surrounding
    camera: Camera
    world_from_camera: np.ndarray
    """(4,4) float64, OpenCV camera axes to world axes."""
    near_far_m: tuple[float, float]
    shadow_reach_m: tuple[float, float]
    """Radius around the view that the first and the second shadow map of the sun cover."""
    shadow_middle_m: tuple[float, float, float] | None = None
    """Middle of the sun's shadow maps; if not given, as far before the camera as they begin behind it."""
    is_smooth: bool = True
    """Whether outlines get several samples per pixel; a preview can do without."""
    bump_m: float = 0.004
    """Height of the relief that textures stand for."""
    closest_m: float = 0.3
    """Pictures in which 3 per cent of the pixels are nearer than this are refused."""
    structure: frozenset[str] = frozenset()
    """Kinds of things that may fill the view: walls, ground."""
    summary: dict[str, float | int | str] = field(default_factory=dict)
    """Figures for the recipe of the record."""

    def __post_init__(self) -> None:
        if not self.things:
            raise ValueError("a scene without things has nothing to render; give it at least one")


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What the renderer gives."""

    radiance: np.ndarray
    """(H,W,3) float32, linear, no upper end."""
    depth_m: np.ndarray
    """(H,W) float32 planar z at the pixel centres, 0 = nothing there."""
    ids: np.ndarray
    """(H,W) uint16, 0 = nothing there."""
