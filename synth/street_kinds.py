"""Street kinds: what a residential street, a motorway or a tunnel looks like, in ranges to draw from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Street:
    """What one kind of road looks like from side to side; ranges are drawn from."""

    share: float
    """How often this kind is drawn."""
    num_lanes: tuple[int, int]
    """Lanes in the own direction; the other direction has as many."""
    lane_m: tuple[float, float]
    parking: float = 0.0
    """Chance of a parking strip on each side."""
    sidewalk_m: tuple[float, float] = (0.0, 0.0)
    """Width; zero means a verge of grass from the edge of the road."""
    setback_m: tuple[float, float] = (2.0, 8.0)
    """From the sidewalk to the buildings or the wood."""
    buildings: float = 0.0
    """Chance that a lot is built on."""
    is_town: bool = False
    """High houses in closed rows, shops, trees along the kerb."""
    trees_per_100m: tuple[float, float] = (2.0, 8.0)
    cars_per_100m: tuple[float, float] = (0.5, 3.0)
    """On each lane."""
    people: tuple[int, int] = (0, 3)
    """On each side."""
    barrier: float = 0.0
    """Chance of a crash barrier; above one half it is a motorway with a median strip."""
    boundary: float = 0.5
    """Chance of a fence or hedge behind the sidewalk."""
    junction: float = 0.0
    """Chance of a crossing or of a road that joins from one side."""
    overpass: float = 0.0
    """Chance of a bridge, a short underpass or a gantry over the road."""
    drop_m: tuple[float, float] = (0.0, 0.0)
    """Depth of the land below the road's edge: an embankment or a viaduct."""
    is_tunnel: bool = False
    tram: float = 0.0
    """Chance of tram rails in the lanes beside the middle."""

    @property
    def is_motorway(self) -> bool:
        """Whether a median strip parts the directions."""
        return self.barrier > 0.5


STREETS: dict[str, Street] = {
    "residential": Street(
        share=0.33,
        num_lanes=(1, 1),
        lane_m=(2.6, 3.3),
        parking=0.65,
        sidewalk_m=(1.2, 2.6),
        setback_m=(3.0, 10.0),
        buildings=0.85,
        people=(0, 4),
        boundary=0.7,
        junction=0.4,
        overpass=0.02,
    ),
    "town": Street(
        share=0.24,
        num_lanes=(1, 2),
        lane_m=(2.9, 3.6),
        parking=0.5,
        sidewalk_m=(2.0, 4.5),
        setback_m=(0.0, 3.0),
        buildings=0.92,
        is_town=True,
        trees_per_100m=(0.0, 6.0),
        cars_per_100m=(1.0, 4.0),
        people=(1, 9),
        boundary=0.1,
        junction=0.55,
        overpass=0.12,
        tram=0.2,
    ),
    "country": Street(
        share=0.17,
        num_lanes=(1, 1),
        lane_m=(2.7, 3.6),
        setback_m=(3.0, 16.0),
        buildings=0.12,
        trees_per_100m=(4.0, 16.0),
        cars_per_100m=(0.2, 1.6),
        people=(0, 1),
        barrier=0.3,
        boundary=0.25,
        junction=0.2,
        overpass=0.06,
    ),
    "open": Street(
        share=0.06,
        num_lanes=(1, 1),
        lane_m=(2.7, 3.6),
        setback_m=(3.0, 8.0),
        trees_per_100m=(0.0, 1.5),
        cars_per_100m=(0.2, 1.6),
        people=(0, 0),
        barrier=0.15,
        boundary=0.3,
        junction=0.2,
    ),
    "motorway": Street(
        share=0.12,
        num_lanes=(2, 3),
        lane_m=(3.3, 3.75),
        setback_m=(4.0, 14.0),
        buildings=0.06,
        trees_per_100m=(5.0, 18.0),
        cars_per_100m=(0.8, 3.0),
        people=(0, 0),
        barrier=0.9,
        boundary=0.2,
        overpass=0.45,
    ),
    "viaduct": Street(
        share=0.04,
        num_lanes=(1, 2),
        lane_m=(3.0, 3.7),
        sidewalk_m=(1.0, 2.2),
        setback_m=(0.6, 2.5),
        trees_per_100m=(2.0, 12.0),
        cars_per_100m=(0.6, 2.5),
        people=(0, 2),
        boundary=0.0,
        overpass=0.1,
        drop_m=(3.0, 12.0),
    ),
    "tunnel": Street(
        share=0.04,
        num_lanes=(1, 2),
        lane_m=(3.2, 3.7),
        sidewalk_m=(0.7, 1.2),
        setback_m=(4.0, 12.0),
        trees_per_100m=(4.0, 12.0),
        cars_per_100m=(1.0, 3.5),
        people=(0, 0),
        boundary=0.2,
        is_tunnel=True,
    ),
}
