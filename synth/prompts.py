"""Prompts: what a painted render is asked to look like, in words drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mde.errors import InputError

NEGATIVE_PROMPT = "drawing, cartoon, painting, render, text, watermark, frame, blurred, distorted"
"""What no picture should look like: photographs are wanted, whatever the render was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The choices of one domain; every list is drawn from evenly and apart from the others."""

    place: str
    """The subject, with {kind} for the kind of scene."""
    styles: tuple[str, ...]
    lights: tuple[str, ...]
    conditions: tuple[str, ...]


CAMERAS = ("taken with a phone", "taken with a wide lens", "taken with an old digital camera", "a sharp photograph")
WORDS: dict[str, Words] = {
    "indoor": Words(
        place="a photograph of a {kind}",
        styles=(
            "modern furniture",
            "worn wooden furniture",
            "Scandinavian design",
            "furniture of the seventies",
            "a rented flat",
            "bare concrete and steel",
            "patterned wallpaper and carpets",
            "bright paint on the walls",
            "an old farmhouse",
        ),
        lights=(
            "soft daylight from a window",
            "hard sunlight with shadows",
            "warm lamps in the evening",
            "cold fluorescent light",
            "dim light",
            "an overcast day",
        ),
        conditions=("tidy", "cluttered", "lived in", "dusty", "freshly cleaned", "under renovation"),
    ),
    "driving": Words(
        place="a photograph from a car of a {kind} road",
        styles=(
            "in central Europe",
            "in northern Europe",
            "in southern Europe",
            "in North America",
            "in Japan",
            "in India",
            "in an industrial area",
            "with old houses",
            "with new houses",
        ),
        lights=(
            "bright noon sun",
            "low evening sun",
            "an overcast sky",
            "grey morning light",
            "dusk",
            "at night under street lamps",
        ),
        conditions=(
            "dry asphalt",
            "after rain",
            "in fog",
            "in autumn with fallen leaves",
            "in winter",
            "in early summer",
        ),
    ),
}


def words_of(domain: str) -> Words:
    """The words of a domain. Raises InputError for a domain that has none yet."""
    if domain not in WORDS:
        raise InputError(f"--reskin has no words for {domain!r}, only for {', '.join(WORDS)}; leave --reskin out")
    return WORDS[domain]


def prompt_rand(rng: np.random.Generator, domain: str, scene: str) -> str:
    """A prompt for a scene such as "indoor/kitchen" or "driving/town". Raises InputError like `words_of`."""
    words = words_of(domain)
    kind = scene.partition("/")[2].replace("_", " ")
    drawn = [str(rng.choice(choices)) for choices in (words.styles, words.lights, words.conditions, CAMERAS)]
    return ", ".join([words.place.format(kind=kind), *drawn])
