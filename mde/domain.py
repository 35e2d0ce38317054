"""Domains: the camera, the depth range and the place of the camera that a metric network is tied to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mde.bins import Bins, Spacing, log_bins, uniform_bins
from mde.camera import Camera

DomainName = Literal["indoor", "driving", "warehouse", "drone"]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A family of images that one metric network can judge."""

    name: DomainName
    camera: Camera
    """Camera of the benchmark, at its full image size."""
    depth_range_m: tuple[float, float]
    """Depth below the first or above the second number is not asked for."""
    bins: Bins
    """Axis of an edge student's depth probability map: logarithmic, where the domain's depth mostly lies."""
    uniform_bins: Bins
    """The axis that TIE-KD has instead: evenly spaced in metres over the whole range."""
    depth_units_per_metre: int
    """Scale of 16-bit depth files: 256 outdoors, 1000 (millimetres) indoors."""

    def bins_spaced(self, spacing: Spacing) -> Bins:
        """The domain's axis of that spacing."""
        return self.bins if spacing == "log" else self.uniform_bins


INDOOR = Domain(
    name="indoor",
    # NYU Depth v2: focal length of the published split lists, principal point in the middle.
    camera=Camera(f_px=(518.8579, 518.8579), c_px=(320.0, 240.0), height=480, width=640),
    depth_range_m=(1e-3, 10.0),
    bins=log_bins(0.3, 10.0, 64),
    uniform_bins=uniform_bins(1e-3, 10.0, 49, sigma_m=0.15),  # TIE-KD's configuration for NYU
    depth_units_per_metre=1000,
)
DRIVING = Domain(
    name="driving",
    # KITTI, drives of 2011_09_26: camera 2 after rectification.
    camera=Camera(f_px=(721.5377, 721.5377), c_px=(609.5593, 172.854), height=375, width=1242),
    depth_range_m=(1e-3, 80.0),
    bins=log_bins(1.0, 80.0, 128),
    # TIE-KD's bins for KITTI. Its configurations say 0.8 or 0.5 m, but all runs with SSIM had 0.5, its loss's default.
    uniform_bins=uniform_bins(1e-3, 80.0, 257, sigma_m=0.5),
    depth_units_per_metre=256,
)
WAREHOUSE = Domain(
    name="warehouse",
    camera=INDOOR.camera,  # the same kind of camera, held by people and carried by trucks
    depth_range_m=(1e-3, 20.0),
    bins=log_bins(0.5, 20.0, 64),
    uniform_bins=uniform_bins(1e-3, 20.0, 98, sigma_m=0.15),  # NYU's width and sigma, on twice the range
    depth_units_per_metre=1000,
)
DRONE = Domain(
    name="drone",
    # The wide lens of camera drones: 24 mm on 35 mm film, so 73.7 degrees across 36 mm.
    camera=Camera(f_px=(426.6667, 426.6667), c_px=(320.0, 240.0), height=480, width=640),
    depth_range_m=(1e-3, 200.0),
    bins=log_bins(10.0, 200.0, 96),
    uniform_bins=uniform_bins(1e-3, 200.0, 257, sigma_m=1.25),  # KITTI's, 2.5 times as wide
    depth_units_per_metre=256,
)
DOMAINS: dict[str, Domain] = {domain.name: domain for domain in (INDOOR, DRIVING, WAREHOUSE, DRONE)}
