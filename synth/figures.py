"""Figures: what a set of samples looks like in numbers, summed shard by shard."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from mde.domain import DOMAINS
from mde.record import Record

EDGES_M = np.geomspace(0.1, 256.0, 257)
"""Edges of the depth histogram: 3 per cent apart."""
SHARES = (1, 5, 25, 50, 75, 95, 99)
FOV_SHARES = (1, 50, 99)
FOV_NAMES = ("horizontal", "vertical")


class Figures:
    """Depth histogram, fields of view and counts that can be added up in any order."""

    def __init__(self) -> None:
        self.depth_counts = np.zeros(len(EDGES_M) - 1, dtype=np.int64)
        self.num_pixels = 0
        self.num_records = 0
        self.num_rejected = 0
        self.scenes: Counter[str] = Counter()
        self.fov_tenth_deg: dict[str, Counter[int]] = {name: Counter() for name in FOV_NAMES}

    def add(self, record: Record) -> None:
        """Count one record; depths beyond the range of its domain are left out."""
        limit_m = DOMAINS[record.domain].depth_range_m[1]
        depth_m = record.depth_m[(record.depth_m > 0) & (record.depth_m <= limit_m)]
        self.depth_counts += np.histogram(np.maximum(depth_m, EDGES_M[0]), EDGES_M)[0]
        self.num_pixels += record.depth_m.size
        self.num_records += 1
        self.num_rejected += int(record.recipe["attempt"])
        self.scenes[record.recipe["scene"]] += 1
        for name, fov_rad in zip(FOV_NAMES, record.camera.fov_rad, strict=True):
            self.fov_tenth_deg[name][round(math.degrees(fov_rad) * 10)] += 1

    def merge(self, other: Mapping[str, Any]) -> None:
        """Add figures that came as JSON."""
        self.depth_counts += np.asarray(other["depth_counts"], dtype=np.int64)
        self.num_pixels += other["num_pixels"]
        self.num_records += other["num_records"]
        self.num_rejected += other["num_rejected"]
        self.scenes.update(other["scenes"])
        for name, counts in other["fov_tenth_deg"].items():
            self.fov_tenth_deg[name].update({int(tenths): count for tenths, count in counts.items()})

    def as_json(self) -> dict[str, Any]:
        """Plain sums, for `merge`."""
        return {
            "depth_counts": self.depth_counts.tolist(),
            "num_pixels": self.num_pixels,
            "num_records": self.num_records,
            "num_rejected": self.num_rejected,
            "scenes": dict(sorted(self.scenes.items())),
            "fov_tenth_deg": {
                name: {str(tenths): count for tenths, count in sorted(counts.items())}
                for name, counts in self.fov_tenth_deg.items()
            },
        }

    def summary(self) -> dict[str, Any]:
        """Percentiles of the depths and fields of view, share of pixels that have a depth, and kinds of scenes."""
        total = self.depth_counts.cumsum()
        if total[-1] == 0:
            return {"num_records": self.num_records}
        places = np.searchsorted(total, np.array(SHARES) / 100.0 * total[-1])
        return {
            "num_records": self.num_records,
            "num_rejected": self.num_rejected,
            "depth_percentiles_m": {str(s): round(float(EDGES_M[p]), 3) for s, p in zip(SHARES, places, strict=True)},
            "valid_share": round(float(total[-1] / self.num_pixels), 4),
            "fov_deg": {name: _percentiles_deg(counts) for name, counts in self.fov_tenth_deg.items()},
            "scenes": dict(sorted(self.scenes.items())),
        }


def _percentiles_deg(tenths: Counter[int]) -> dict[str, float]:
    values = np.repeat(np.array(sorted(tenths)), [tenths[key] for key in sorted(tenths)])
    return {str(share): float(np.percentile(values, share, method="lower")) / 10.0 for share in FOV_SHARES}
