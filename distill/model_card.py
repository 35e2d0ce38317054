"""Model card: what a student is for, what it was made of and what is not known, in words for people."""

from __future__ import annotations

from distill.student_facts import StudentFacts
from mde.camera import Camera

CARD = "README.md"
PURPOSES = {
    "indoor": "rooms, seen by a camera at the height of a person",
    "driving": "streets by day and night, seen from a car",
    "warehouse": "halls with racks, seen by people and trucks",
    "drone": "ground and houses, seen from 20 to 120 m above",
}
NOT_PRIVATE = (
    '"No real data was read" does not mean "holds no private information". The teacher was trained on images that '
    "nobody here has seen; it may have memorised some, and its BatchNorm statistics come from them. Both reach the "
    "student."
)


def card_text(facts: StudentFacts) -> str:
    """The whole card as Markdown."""
    sections = (_head, _use, _made, _evidence, _figures, _licence, _sources)
    return "\n".join(section(facts) for section in sections)


def _head(facts: StudentFacts) -> str:
    card = facts.card
    return f"""# {card.name}, a student of {card.teacher} for {card.domain} images

Metric depth from one image: `image` (B,3,H,W), RGB in [0,1], to `depth_m` (B,1,H,W), metres along the optical axis.
{card.step} training steps. Weights: SHA-256 `{facts.weights_sha256}`, {facts.num_bytes} bytes.
"""


def _use(facts: StudentFacts) -> str:
    card, (height, width) = facts.card, facts.card.native_size
    low, high = card.depth_range_m
    return f"""## Intended use

* **Domain**: {PURPOSES[card.domain]}. Other scenes were not trained for.
* **Camera**: {_camera_words(facts.camera)} at {width}x{height} pixels. Metres are right at this field of
  view alone: bring images of another lens to it first.
* **Range**: {low:g} to {high:g} m; what is farther is answered with at most {high:g} m.
* **Not for** decisions on which somebody's safety depends without a test of your own on images of your own.
"""


def _camera_words(camera: Camera) -> str:
    (fx, fy), (cx, cy) = camera.f_px, camera.c_px
    return f"a pinhole of focal length {fx:.1f}, {fy:.1f} px and principal point {cx:.1f}, {cy:.1f} px"


def _made(facts: StudentFacts) -> str:
    card = facts.card
    lines = [
        f"* **Images**: {facts.num_renders} renders of procedural scenes (index SHA-256 `{facts.index_sha256}`).",
        "* **Targets**: depth that the teacher answered to these images; no measured depth.",
        "* **Adaptation**: renders were brought towards the statistics that the teacher stores of its own images."
        if facts.is_transformed
        else "* **Adaptation**: none; renders were shown as they are.",
    ]
    if card.images_painted_by is not None:
        lines.append(
            f"* **Painted images**: a diffusion model painted over the renders: {card.images_painted_by}. It was "
            "itself trained on real images, which weakens every claim below."
        )
    if card.backbone_sha256 is not None:
        lines.append(
            f"* **Backbone**: training began from published weights (SHA-256 `{card.backbone_sha256}`), which were "
            "learned from real images and carry what those show."
        )
    if facts.owner_statistics_sha256 is not None:
        lines.append(
            f"* **Owner's moments**: means and variances over real images, stated by their owner (SHA-256 "
            f"`{facts.owner_statistics_sha256}`)."
        )
    return "## How it was made\n\n" + "\n".join(lines) + "\n"


def _evidence(facts: StudentFacts) -> str:
    return f"""## Real data

Level reached by the run: **{facts.level}**; it is not the next one, since {facts.why_not_next}. A verifier can
add A3 (attested) and A4 (replayed): `python -m mde.verify RUN`. `provenance.json`, `runtime_trace.json` and
`seal.json` of the run say what was read and name all inputs by digest.

{NOT_PRIVATE}
"""


def _figures(facts: StudentFacts) -> str:
    rows = "\n".join(f"| {name} | {value:.3g} |" for name, value in facts.figures.items())
    return f"""## Figures without labels

| figure | value |
|---|---|
{rows}

They say how well the student follows its teacher on renders, not how right either is on real images: that is for
whoever holds some (`python -m eval.run`).
"""


def _licence(facts: StudentFacts) -> str:
    files = "\n".join(f"* `{name}`, SHA-256 `{digest}`" for name, digest in facts.teacher_files)
    return f"""## Teacher and licence

Teacher **{facts.card.teacher}**, licence **{facts.card.teacher_licence}**. A student learns what its teacher
answers, so the teacher's terms are carried to it: look at them before you hand it on.

{files}
"""


def _sources(facts: StudentFacts) -> str:
    """The questions of the European template for summaries of training content, in its order."""
    card = facts.card
    painted = f"; painted over by {card.images_painted_by}" if card.images_painted_by is not None else ""
    other = "the teacher's weights" + ("" if card.backbone_sha256 is None else " and published weights of the backbone")
    moments = "" if facts.owner_statistics_sha256 is None else "; moments of an owner's images, no image among them"
    return f"""## Training content

In the order of the template for Article 53(1)(d) of Regulation (EU) 2024/1689, which is meant for general-purpose
models; this is none, and the questions are good ones.

1. **General**: one modality, images in and depth out; {facts.num_renders} images.
2. **Sources**: publicly available data sets: none. Data licensed from others: none. Crawled or scraped data: none.
   Data of users: none. **Synthetic data**: all images, drawn by this program ({_config_words(facts)}){painted}; all
   targets, answered by {card.teacher}. Other: {other}{moments}. What the teacher was trained on is its authors' to say.
3. **Processing**: the program collected nothing, so there was no reservation of rights to respect, nothing to filter.
"""


def _config_words(facts: StudentFacts) -> str:
    config = {**facts.renders_config, **facts.renders_config.get("parent_config", {})}
    named = {name: config[name] for name in ("domain", "seed", "generator_version") if name in config}
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in named.items())
    assets = config.get("assets_sha256")
    return words + ("" if assets is None else f", with assets of the user's, SHA-256 {assets}")
