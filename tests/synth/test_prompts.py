"""Prompts are words for the scene at hand, the same for the same stream."""

from __future__ import annotations

import numpy as np
import pytest

from mde.domain import DOMAINS
from mde.errors import InputError
from synth.prompts import WORDS, prompt_rand


def test_a_prompt_names_the_kind_of_scene_and_repeats_with_its_stream():
    prompts = [prompt_rand(np.random.default_rng(5), "indoor", "indoor/living_room") for _ in range(2)]
    assert prompts[0] == prompts[1] and prompts[0].startswith("a photograph of a living room, ")
    assert "of a town road" in prompt_rand(np.random.default_rng(5), "driving", "driving/town")


def test_a_hundred_prompts_use_every_word_of_their_domain():
    for domain, words in WORDS.items():
        text = " | ".join(prompt_rand(np.random.default_rng(k), domain, f"{domain}/x") for k in range(150))
        for choice in (*words.styles, *words.lights, *words.conditions):
            assert choice in text


def test_the_benchmark_domains_have_words_and_others_are_refused_in_one_line():
    assert {"indoor", "driving"} <= set(WORDS) & set(DOMAINS)
    with pytest.raises(InputError, match="no words for 'moon', only for indoor, driving") as caught:
        prompt_rand(np.random.default_rng(0), "moon", "moon/crater")
    assert "\n" not in str(caught.value)
