"""Generate configuration: what a run of `synth.generate` was asked to render, checked and filled in."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from synth.engine import EngineName
from synth.renderer import RendererName
from synth.sample_config import SampleConfig
from synth.share import Share, parse_share

FREE = ("n", "workers", "out", "dry_run", "shard", "engine", "ray_address", "preview", "verify", "replay")
"""Options that change no shard, so the same folder may be entered with others."""
SETTLED = "sha256"
"""How `assets` begins once the folder has been prepared; the digest follows after a colon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateConfig:
    """Render procedural scenes to shards: image, planar depth and instance ids, no real image involved."""

    n: Annotated[int, tyro.conf.arg(help_behavior_hint="(required, except with --verify and --replay)")] = 0
    """How many images. May grow: the same command with a larger number adds to the folder."""
    domain: DomainName = "indoor"
    """indoor and warehouse have the camera of NYU Depth v2, driving that of KITTI, drone a wide lens 20 to 120 m above
    the ground."""
    out: Path | None = None
    """Folder to create or to resume; renders/<domain> if not given."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    workers: int | Literal["auto"] = "auto"
    """Rendering processes; auto is one per core. The files do not depend on it."""
    size: str | None = None
    """HEIGHTxWIDTH in pixels, like 192x640; the camera is resized with it. The benchmark's own size if not given."""
    renderer: RendererName = "auto"
    """What draws. auto is onepass where OpenGL opens, else embree, which needs no system library and is slower."""
    shard_size: int = 50
    """Images per tar file: the unit of work and of resuming."""
    pool: int = 1
    """Draw small previews of this many times as many scenes, and render those that cover them all best.
    Such a folder cannot grow."""
    shard: str | None = None
    """I/N, like 2/4: render only the second of four shares of the tar files, 1/N to N/N. The processes need not
    know of each other, on any machines, in one folder or in folders that are copied together later. The one that
    finds all shards present, or the same command without --shard, writes index, contact sheet and report."""
    engine: EngineName = "local"
    """ray renders on a Ray cluster (extra: cluster); only the machine of this command writes to --out."""
    ray_address: str | None = None
    """HOST:PORT, or auto, of a running Ray cluster to which this machine belongs; all its cores render. Without it
    a cluster of --workers cores is started here."""
    preview: bool = False
    """Also write preview.html: some of the images with depth and ids to point at. No server, no other files."""
    assets: str | None = None
    """DIR with things of your own: GLB, GLTF, OBJ and PLY models, which then stand in about 40% of the scenes, and
    tileable PNG or JPEG pictures in DIR/textures, which replace walls, floors, grounds and others. Metres; y is up in
    GLB, GLTF and OBJ, z in PLY. Below 0.5 m a thing lies on furniture or floors, to 2.5 m it stands on floors and
    beside roads, above beside roads. DIR/assets.json may say otherwise, with any of these per file: {"chair.glb":
    {"scale": 0.01, "up": "z", "kind": "chair", "where": ["floor", "surface", "roadside"], "share": 2}, "textures/
    oak.png": {"where": ["wall", "floor", "ground", "object"], "tile_m": 1.5}}. What cannot be used is named and
    skipped."""
    reskin: Path | None = None
    """Paint the finished renders with the depth-conditioned diffusion pipeline of this folder (extra: reskin). Such
    a model was itself trained on real images; index, report and student card name it. OUT/plain keeps the renders."""
    reskin_strength: float = 0.7
    """How much of a render's own colours the painting gives up: near 0 none, 1 all."""
    reskin_steps: int = 30
    """Denoising steps of a painting of strength 1; weaker ones take their share."""
    reskin_teacher: str | None = None
    """Also keep the plain render where this teacher sees another depth in the painting."""
    reskin_weights: Path | None = None
    """The checkpoint of that teacher."""
    dry_run: bool = False
    """Print the plan and its cost, and write nothing."""
    verify: Path | None = None
    """Render nothing: check every file of this folder, down to the last pixel. Goes alone."""
    replay: str | None = None
    """Render nothing but one sample again, DIR:INDEX like renders/indoor:123, and compare it with the stored one.
    With --out its files are written there; with --assets its assets are found on a machine that has not seen them."""


def resolved(config: GenerateConfig) -> GenerateConfig:
    """The configuration with every default filled in. Raises InputError for what cannot be rendered."""
    for name in ("n", "shard_size"):
        if getattr(config, name) < 1:
            raise InputError(
                f"--{name.replace('_', '-')} {getattr(config, name)} is not a count of images; give 1 or more"
            )
    if config.n > 999_999:
        raise InputError(f"--n {config.n} is more than the six digits of a record's name hold; give 999999 or less")
    if config.pool < 1:
        raise InputError(f"--pool {config.pool} is not a number of candidates per image; give 1 or more")
    if config.n * config.pool > 1_000_000:
        raise InputError(f"--n {config.n} --pool {config.pool} is more than 1000000 candidates; give a smaller --pool")
    if config.seed < 0:
        raise InputError(f"--seed {config.seed} is negative; give 0 or more")
    workers = len(os.sched_getaffinity(0)) if config.workers == "auto" else config.workers
    if workers < 1:
        raise InputError(f"--workers {workers} cannot render anything; give 1 or more, or auto")
    share_of(config)
    if config.ray_address is not None and config.engine != "ray":
        raise InputError(f"--ray-address {config.ray_address} is for clusters; add --engine ray, or leave it out")
    if config.reskin is None and (given := changed_reskin_options(config)):
        raise InputError(f"{', '.join(given)} says how to paint and nothing is painted; add --reskin MODEL_DIR")
    height, width = _parse_size(config)
    out = config.out if config.out is not None else Path("renders") / config.domain
    return replace(config, out=out, workers=workers, size=f"{height}x{width}")


def changed_reskin_options(config: GenerateConfig) -> list[str]:
    """Flags that speak of painting and do not have their default value."""
    own = [field for field in fields(config) if field.name.startswith("reskin")]
    return [f"--{field.name.replace('_', '-')}" for field in own if getattr(config, field.name) != field.default]


def _parse_size(config: GenerateConfig) -> tuple[int, int]:
    if config.size is None:
        return DOMAINS[config.domain].camera.size
    rows, _, columns = config.size.lower().partition("x")
    if not (rows.isdecimal() and columns.isdecimal()):
        raise InputError(f"--size {config.size} is not HEIGHTxWIDTH; write it like 192x640")
    height, width = int(rows), int(columns)
    if not (16 <= height <= 2048 and 16 <= width <= 4096):
        raise InputError(f"--size {config.size} is out of range; give 16x16 to 2048x4096 pixels, height first")
    return height, width


def share_of(config: GenerateConfig) -> Share:
    """Which of the shards this run renders."""
    return Share() if config.shard is None else parse_share(config.shard)


def sample_config(config: GenerateConfig) -> SampleConfig:
    """What a sample depends on."""
    height, width = _parse_size(config)
    assert config.renderer != "auto", "the back end must be settled before anything is sampled"
    return SampleConfig(
        domain=config.domain,
        seed=config.seed,
        height=height,
        width=width,
        renderer=config.renderer,
        assets_sha256=None if config.assets is None else settled_assets(config.assets),
    )


def settled_assets(assets: str) -> str:
    """The digest in an `assets` that was settled: the folder's place is of no matter, only what is in it."""
    name, _, sha256 = assets.partition(":")
    assert name == SETTLED, "the assets must be prepared before anything is sampled"
    return sha256


def unpainted(config: GenerateConfig, out: Path) -> GenerateConfig:
    """The same renders without paint, in another folder."""
    default = GenerateConfig()
    return replace(
        config,
        out=out,
        reskin=None,
        reskin_strength=default.reskin_strength,
        reskin_steps=default.reskin_steps,
        reskin_teacher=None,
        reskin_weights=None,
    )
