"""Target: what the depth and the field of view of a domain should look like, and how far a set is from it.

A metric network knows one camera and one spread of depth; scenes far from both teach something else. The bands are
stated from published facts and geometry alone: no benchmark image was read for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIN_RECORDS = 50
"""Fewer images say too little about a set to be judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Bands that the figures of a set should lie in."""

    depth_m: Mapping[int, tuple[float, float]]
    """Lowest and highest depth that is welcome at each percentile, over pixels within the domain's range."""
    fov_deg: tuple[float, float]
    """Horizontal and vertical field of view of the benchmark's camera."""
    fov_tolerance: float
    """Relative error of the median field of view that is still welcome."""
    valid_share: tuple[float, float]
    """Share of pixels that have a depth within the domain's range."""
    source: str
    """Where the numbers come from."""


INDOOR = Target(
    depth_m={1: (0.5, 1.1), 5: (0.8, 1.6), 50: (2.2, 3.2), 95: (4.3, 7.0), 99: (6.0, 9.5)},
    fov_deg=(63.3, 49.6),
    fov_tolerance=0.04,
    valid_share=(0.9, 1.0),
    source=(
        "NYU Depth v2: the camera of the split lists (f 518.86 px, 640x480); a Kinect measures from about 0.5 m and "
        "the benchmark ends at 10 m; predicting each pixel's mean errs by 0.43 in the logarithm and 1.24 m (Eigen, "
        "Puhrsch, Fergus 2014, row 'mean'), so a median of 2.7 m goes with 5 % near 1.2 m and 95 % near 5.5 m"
    ),
)
DRIVING = Target(
    depth_m={5: (4.5, 7.0), 25: (6.5, 11.0), 50: (10.0, 17.0), 75: (17.0, 30.0), 95: (38.0, 60.0)},
    fov_deg=(81.4, 29.1),
    fov_tolerance=0.04,
    valid_share=(0.55, 0.97),
    source=(
        "KITTI: the camera of 2011_09_26 (f 721.54 px, 1242x375) 1.65 m above a flat road sees the nearest ground at "
        "1.65 * 721.54 / (375 - 172.85) = 5.9 m; predicting each pixel's mean errs by 0.44 in the logarithm and 9.6 m "
        "(Eigen, Puhrsch, Fergus 2014, row 'mean'); depth is judged below 80 m and the sky has none"
    ),
)
TARGETS: dict[str, Target] = {"indoor": INDOOR, "driving": DRIVING}


def misses(summary: Mapping[str, Any], target: Target) -> list[str]:
    """One sentence for every figure outside its band; nothing for sets too small to be judged.

    `summary` is that of `synth.figures.Figures`.
    """
    if summary["num_records"] < MIN_RECORDS or "depth_percentiles_m" not in summary:
        return []
    rows = [
        (f"{share} % of the depths", "m", summary["depth_percentiles_m"][str(share)], band)
        for share, band in target.depth_m.items()
    ]
    for name, wanted in zip(("horizontal", "vertical"), target.fov_deg, strict=True):
        spread = wanted * target.fov_tolerance
        band = round(wanted - spread, 1), round(wanted + spread, 1)
        rows.append((f"the {name} field of view", "degrees", summary["fov_deg"][name]["50"], band))
    rows.append(("the share of pixels with a depth", "", summary["valid_share"], target.valid_share))
    return [_sentence(*row) for row in rows if not row[3][0] <= row[2] <= row[3][1]]


def _sentence(what: str, unit: str, value: float, band: tuple[float, float]) -> str:
    reach = "lie below" if what.endswith("depths") else "is"
    return f"{what} {reach} {value:g}; the target is {band[0]:g} to {band[1]:g} {unit}".rstrip()


def judged(summary: Mapping[str, Any], target: Target | None) -> dict[str, Any] | None:
    """The target and what misses it, for a report; None where a domain states no target."""
    if target is None:
        return None
    return {
        "depth_percentiles_m": {str(share): list(band) for share, band in target.depth_m.items()},
        "fov_deg": dict(zip(("horizontal", "vertical"), target.fov_deg, strict=True)),
        "fov_tolerance": target.fov_tolerance,
        "valid_share": list(target.valid_share),
        "source": target.source,
        "misses": misses(summary, target),
    }
