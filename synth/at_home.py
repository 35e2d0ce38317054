"""At home: the records of a data set that a teacher finds least foreign, by the statistics that it stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.shards import INDEX, ShardReader


def read_distances(path: Path, reader: ShardReader) -> np.ndarray:
    """(N,) distance of every record of `reader` to a teacher's statistics, from the `records.json` of `adapt.run`.

    Raises InputError for a file of other data, and for one that is damaged.
    """
    try:
        found = read_json(path)
        data, distances = str(found["data"]), np.asarray(found["distances"], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no records.json of adapt.run --measure-records") from error
    if data != sha256_file(reader.directory / INDEX):
        raise InputError(f"{path} was measured on other data than {reader.directory}; run adapt.run on it")
    if distances.shape != (len(reader),) or not np.isfinite(distances).all():
        raise InputError(f"{path} must hold {len(reader)} finite distances, one per record; run adapt.run again")
    return distances


def at_home(distances: np.ndarray, share: float) -> np.ndarray:
    """Sorted numbers of the `share` of records with the smallest distances; at equal ones the earlier record.

    By rank, since the scale of a distance is the teacher's.

    Reference: choosing auxiliary images by BatchNorm distance is DFSS (arXiv 2512.13175). Differs: foreign images are
    left out before a covering choice, instead of being learned from last.
    """
    num = max(1, round(share * len(distances)))
    return np.sort(np.argsort(distances, kind="stable")[:num])
