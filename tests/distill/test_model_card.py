from __future__ import annotations

from dataclasses import replace

import pytest

from distill.model_card import NOT_PRIVATE, PURPOSES, card_text
from distill.student_facts import StudentFacts
from mde.domain import DOMAINS, INDOOR
from mde.nets.student import StudentCard


@pytest.fixture
def facts() -> StudentFacts:
    card = StudentCard(
        name="mobilenetv2",
        domain="indoor",
        native_size=(480, 640),
        depth_range_m=(1e-3, 10.0),
        bins=INDOOR.bins,
        teacher="adabins",
        teacher_sha256="b" * 64,
        teacher_licence="GPL-3.0",
        step=1234,
    )
    return StudentFacts(
        card=card,
        camera=INDOOR.camera,
        weights_sha256="a" * 64,
        num_bytes=77,
        level="A1 observed",
        why_not_next="this kernel has no Landlock",
        teacher_files=(("AdaBins_nyu.pt", "b" * 64),),
        index_sha256="c" * 64,
        num_renders=800,
        renders_config={"domain": "indoor", "seed": 0, "generator_version": 4, "assets_sha256": None},
        is_transformed=True,
        owner_statistics_sha256=None,
        figures={"relative error to the teacher on training renders": 0.0625},
    )


def painted(facts: StudentFacts) -> StudentFacts:
    card = replace(facts.card, images_painted_by="little (Depth2Img, sha256 d)", backbone_sha256="e" * 64)
    return replace(facts, card=card)


@pytest.mark.parametrize(
    "words",
    [
        "a student of adabins for indoor images",
        "rooms, seen by a camera at the height of a person",
        "focal length 518.9, 518.9 px and principal point 320.0, 240.0 px at 640x480 pixels",
        "0.001 to 10 m",
        "**A1 observed**; it is not the next one, since this kernel has no Landlock",
        "| relative error to the teacher on training renders | 0.0625 |",
        "licence **GPL-3.0**",
        "`AdaBins_nyu.pt`, SHA-256 `" + "b" * 64,
        "Article 53(1)(d) of Regulation (EU) 2024/1689",
        "drawn by this program (domain indoor, seed 0, generator version 4)",
        NOT_PRIVATE,
    ],
)
def test_the_card_says(facts: StudentFacts, words: str) -> None:
    assert words in card_text(facts)


def test_what_learned_from_real_images_is_named_only_where_it_was_used(facts: StudentFacts) -> None:
    plain = card_text(facts)
    assert "diffusion" not in plain and "Backbone" not in plain and "Owner's moments" not in plain
    text = card_text(replace(painted(facts), owner_statistics_sha256="f" * 64))
    assert "a diffusion model painted over the renders: little (Depth2Img, sha256 d)" in text
    assert "e" * 64 in text and "f" * 64 in text
    assert "published weights of the backbone" in text and "moments of an owner's images" in text


def test_a_card_never_calls_a_student_private(facts: StudentFacts) -> None:
    assert "private" not in card_text(facts).replace(NOT_PRIVATE, "")


def test_every_domain_has_a_purpose() -> None:
    assert PURPOSES.keys() == DOMAINS.keys()
