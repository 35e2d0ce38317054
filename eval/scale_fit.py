"""Scale fit: the line that brings depth to known distances, though one in five of them be wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import least_squares

from mde.errors import InputError

WRONG_IN = 5
"""One of so many may be wrong."""
GATE = 2.5
"""Errors beyond so many times the largest of those that must be right are wrong ones."""
ROUNDING = 1e-6
"""Errors below it are those of float32."""
LEAST_SPREAD = 0.05
"""Depths nearer to each other than by this share fix no shift."""

Line = tuple[float, float]
"""Scale, and shift in metres."""
Metres = Float[np.ndarray, " pairs"]


@dataclass(frozen=True, kw_only=True)
class ScaleFit:
    """A line from what a network says to what is known, and which pairs it rests on."""

    scale: float
    shift_m: float
    is_used: Bool[np.ndarray, " pairs"]
    """False for pairs that were taken for wrong."""
    expected_error: float | None
    """Relative error at a new place: each used pair told from the others, root of the mean square. None where the
    others do not fix a line."""
    notices_wrong: bool
    """Whether one wrong pair in five would have been found, and left out, however large its error."""


def fit_scale(said_m: Metres, known_m: Metres, *, with_shift: bool) -> ScaleFit:
    """Fit known = scale * said (+ shift); both positive, two pairs or more.

    Of all lines through a pair (two pairs, with shift), that one is taken whose (n - n // 5)-th smallest |log(predicted
    / known)| is least: four in five must agree, the rest may say anything. Pairs beyond `GATE` times that error are
    left out, and least squares in the logarithm are fitted to the others. Where those four in five agree exactly, the
    answer is theirs.
    Raises InputError where no line of positive scale fits, and where depths are too alike to fix a shift.

    Reference: Rousseeuw, "Least median of squares regression", 1984.
    Differs: the error that counts is not the median but that of the share that must be right, as more pairs than half
    can be trusted here, and few are given.
    """
    if with_shift and not _fixes_shift(said_m):
        raise InputError(
            f"--shift needs depths that differ: the network says {said_m.min():.2f} to {said_m.max():.2f} m at all of "
            "these places; add nearer or farther ones, or leave --shift out"
        )
    num_right = len(said_m) - len(said_m) // WRONG_IN
    candidates = _lines_through_two(said_m, known_m) if with_shift else _lines_through_one(said_m, known_m)
    judged = ((float(np.sort(np.abs(log_errors(line, said_m, known_m)))[num_right - 1]), line) for line in candidates)
    worst, line = min(judged, default=(math.inf, (0.0, 0.0)))
    if worst == math.inf:
        raise _no_line()
    is_used = np.abs(log_errors(line, said_m, known_m)) <= max(GATE * worst, ROUNDING)
    scale, shift_m = _least_squares(said_m[is_used], known_m[is_used], with_shift=with_shift)
    return ScaleFit(
        scale=scale,
        shift_m=shift_m,
        is_used=is_used,
        expected_error=_expected_error(said_m[is_used], known_m[is_used], with_shift=with_shift),
        notices_wrong=_notices_wrong(said_m, with_shift=with_shift),
    )


def log_errors(line: Line, said_m: Metres, known_m: Metres) -> Metres:
    """log(predicted / known); infinite where the prediction is not positive."""
    predicted_m = line[0] * said_m + line[1]
    ratio = np.where(predicted_m > 0.0, predicted_m / known_m, np.inf)
    return np.log(ratio)


def _lines_through_one(said_m: Metres, known_m: Metres) -> Iterator[Line]:
    return ((float(scale), 0.0) for scale in known_m / said_m)


def _lines_through_two(said_m: Metres, known_m: Metres) -> Iterator[Line]:
    """Those of positive scale."""
    for first, second in combinations(range(len(said_m)), 2):
        if _fixes_shift(said_m[[first, second]]):
            scale = float((known_m[second] - known_m[first]) / (said_m[second] - said_m[first]))
            if scale > 0.0:
                yield scale, float(known_m[first] - scale * said_m[first])


def _fixes_shift(said_m: Metres) -> bool:
    return bool(said_m.max() > (1.0 + LEAST_SPREAD) * said_m.min())


def _least_squares(said_m: Metres, known_m: Metres, *, with_shift: bool) -> Line:
    """The line of least squared log error. Raises InputError for depths too alike, and where its scale is negative.

    With shift, the logarithms of what it predicts for the nearest and farthest pair are sought: whatever they are, all
    predictions between are positive.
    """
    if not with_shift:
        return math.exp(float(np.mean(np.log(known_m / said_m)))), 0.0
    if not _fixes_shift(said_m):
        raise _no_line()
    low_m, high_m = float(said_m.min()), float(said_m.max())

    def line_of(ends: np.ndarray) -> Line:
        near_m, far_m = np.exp(ends)
        scale = float((far_m - near_m) / (high_m - low_m))
        return scale, float(near_m - scale * low_m)

    start = np.log([known_m[said_m.argmin()], known_m[said_m.argmax()]])
    found = least_squares(lambda ends: log_errors(line_of(ends), said_m, known_m), start, method="lm", xtol=1e-12)
    line = line_of(found.x)
    if line[0] <= 0.0:
        raise _no_line()
    return line


def _no_line() -> InputError:
    return InputError(
        "no scale above 0 brings the network's depth to these distances: it does not grow with them; check the pixels "
        "and metres, or leave --shift out"
    )


def _expected_error(said_m: Metres, known_m: Metres, *, with_shift: bool) -> float | None:
    """Root mean square of the log error of each pair by the line through the others, as a relative error."""
    errors = []
    for index in range(len(said_m)):
        others = np.arange(len(said_m)) != index
        if with_shift and not (others.any() and _fixes_shift(said_m[others])):
            return None
        try:
            line = _least_squares(said_m[others], known_m[others], with_shift=with_shift)
        except InputError:
            return None
        errors.append(float(log_errors(line, said_m[[index]], known_m[[index]])[0]))
    root = math.sqrt(float(np.mean(np.square(errors))))
    return math.expm1(root) if math.isfinite(root) else None


def _notices_wrong(said_m: Metres, *, with_shift: bool) -> bool:
    """Whether no line through a wrong pair can agree with as many pairs as must be right.

    With shift such a line goes through a wrong pair and through all pairs of one other depth.
    """
    num_wrong = len(said_m) // WRONG_IN
    if not with_shift:
        return num_wrong > 0
    alike = max(int((np.abs(np.log(said_m / one)) < math.log1p(LEAST_SPREAD)).sum()) for one in said_m)
    return num_wrong > 0 and alike < len(said_m) - 2 * num_wrong
