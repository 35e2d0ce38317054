"""Render a synthetic data set: `python -m synth.generate --n 300 --domain driving --out renders/driving`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mde.command import run_command
from mde.errors import InputError
from mde.files import read_json, remove_partials, sha256_file, write_json
from mde.run_directory import CONFIG, REPORT, open_run, write_run_report
from mde.shards import INDEX, Shard, ShardIndex, read_index, write_index
from synth.assets import Prepared
from synth.candidates import chosen_samples
from synth.contact import CONTACT, write_contact_sheet
from synth.cost import bytes_needed, seconds_needed
from synth.depth_chart import DEPTH, write_depth_chart
from synth.disk import Disk, free_bytes, size_text
from synth.engine import Engine, open_disk, render_missing
from synth.figures import Figures
from synth.folder import Entry, count_images, finished_entries, is_present, plan_tasks
from synth.gallery import GALLERY, write_gallery
from synth.generate_config import FREE, GenerateConfig, resolved, sample_config, share_of, unpainted
from synth.inspection import inspect_folder
from synth.preparation import settled, told_assets
from synth.renderer import Choice
from synth.replay import replay
from synth.sample_config import GENERATOR_VERSION, SampleConfig
from synth.selection import SELECTION
from synth.target import TARGETS, judged

COMMAND = "synth.generate"


def main(config: GenerateConfig) -> None:
    """Run the command and say what came out."""
    if config.verify is not None:
        _refuse_company(config, "verify")
        print(inspect_folder(config.verify))
    elif config.replay is not None:
        _refuse_company(config, "replay", "out", "assets")
        if config.assets is not None:
            told_assets(config.assets)
        print(replay(config.replay, config.out))
    elif config.dry_run:
        print(plan_text(resolved(config)))
    else:
        _render_and_say(config)


def _refuse_company(config: GenerateConfig, *names: str) -> None:
    """Refuse options that would be ignored."""
    if replace(GenerateConfig(), **{name: getattr(config, name) for name in names}) != config:
        raise InputError(
            f"--{names[0]} goes with {' and '.join(f'--{name}' for name in names[1:]) or 'no other option'} only; "
            "leave out the rest"
        )


def _render_and_say(config: GenerateConfig) -> None:
    index = generate(config)
    out = Path(str(resolved(config).out))
    if index is None:
        print(
            f"share {config.shard} is complete in {out}, others are missing; "
            "when all are in one folder, the same command without --shard writes the index"
        )
        return
    print(f"{index.num_records} images in {out}, {len(index.shards)} shards; contact sheet: {out / CONTACT}")
    if config.reskin is not None:
        from synth.paint_job import painting_text

        print(painting_text(index))
    report = read_json(out / REPORT)
    for miss in (report["target"] or {"misses": []})["misses"]:
        print(f"off target: {miss} ({DEPTH} shows it)")
    rate = report["images_per_s"]
    if rate is not None:
        print(f"rendered at {rate:.2f} images/s")
    if config.preview:
        print(f"look at them: {(out / GALLERY).absolute().as_uri()}")
    print(
        f"next: python -m distill.run --teacher NAME --weights FILE --data {out} "
        f"--out runs/{config.domain} --no-real-data"
    )


def plan_text(config: GenerateConfig) -> str:
    """What a run would do and cost, in one paragraph."""
    config, choice, _ = settled(config)
    out, samples = Path(str(config.out)), sample_config(config)
    tasks = share_of(config).of(plan_tasks(out, range(config.n), config.shard_size))
    num_images = count_images(tasks)
    num_previews = config.n * config.pool if config.pool > 1 else 0
    seconds = seconds_needed(samples, num_images, int(config.workers), num_previews=num_previews)
    gigabytes = bytes_needed(samples, num_images) / 1e9
    return (
        f"plan: {num_images} images of the {config.domain} domain at {config.size} in "
        f"{len(tasks)} shards under {out}, drawn by {choice.name}, {config.workers} workers; "
        f"{f'before them {num_previews} previews to choose from; ' if num_previews else ''}"
        f"about {seconds / 60:.1f} min on a server without a GPU, "
        f"{gigabytes:.2f} GB on disk, {size_text(free_bytes(out))} free"
        + (f"; then painted with {config.reskin}, which takes as much disk again" if config.reskin else "")
    )


def generate(config: GenerateConfig) -> ShardIndex | None:
    """Make the folder, or the wanted share of it, complete; what is already there is checked and kept.

    Answers the index, or None when the share is complete and others are still missing.
    Raises InputError for wrong input, a folder of another run, or missing OpenGL; OSError for a full disk.
    """
    config, choice, prepared = settled(resolved(config))
    if config.reskin is not None:
        return _generate_painted(config, config.reskin, choice, prepared)
    return _generate_plain(config, choice, prepared)


def _generate_plain(config: GenerateConfig, choice: Choice, prepared: Prepared | None) -> ShardIndex | None:
    """What `generate` does without paint."""
    out, samples = Path(str(config.out)), sample_config(config)
    _enter(out, config)
    tasks = plan_tasks(out, _indices(out, config, samples), config.shard_size)
    mine = share_of(config).of(tasks)
    for task in mine:
        remove_partials(out, task.path.stem)  # those of other shares may be another process at work
    done = finished_entries(mine, samples)
    missing = [task for task in mine if task.path not in done]
    if missing:
        (out / INDEX).unlink(missing_ok=True)
    workers = int(config.workers)
    disk = open_disk(out, samples, missing, done, room_images=config.shard_size * workers)
    engine = Engine(name=config.engine, num_workers=workers, ray_address=config.ray_address)
    rate = render_missing(samples, missing, done, engine=engine, disk=disk, title=config.domain)
    others = [task for task in tasks if task.path not in done]
    if all(map(is_present, others)):
        done |= finished_entries(others, samples)
    if len(done) < len(tasks):
        return None
    _finish(config, choice, prepared, [done[task.path] for task in tasks], disk, images_per_s=rate)
    return read_index(out)


def _finish(
    config: GenerateConfig,
    choice: Choice,
    prepared: Prepared | None,
    entries: list[Entry],
    disk: Disk,
    *,
    images_per_s: float | None,
) -> None:
    """Write what stands on all shards together: index, contact sheet, page and report."""
    out = Path(str(config.out))
    index = _index(config, entries, {} if prepared is None else {"assets": prepared.counts()})
    disk.keep_trying(lambda: write_index(out, index))
    disk.keep_trying(lambda: write_contact_sheet(out, out / CONTACT))
    if config.preview:
        disk.keep_trying(lambda: write_gallery(out, out / GALLERY))
    if not _is_reported(out):
        facts = None if prepared is None else prepared.facts()
        disk.keep_trying(
            lambda: _report(out, config, index, entries, choice=choice, assets=facts, images_per_s=images_per_s)
        )


def _is_reported(out: Path) -> bool:
    """Whether the report is about this index; a kill can come between the two."""
    path = out / REPORT
    return path.is_file() and read_json(path).get("index_sha256") == sha256_file(out / INDEX)


def _generate_painted(
    config: GenerateConfig, model_dir: Path, choice: Choice, prepared: Prepared | None
) -> ShardIndex | None:
    """Render into OUT/plain as without --reskin, then paint from there into OUT."""
    from synth.paint_job import PLAIN, read_job, run_job  # these load torch; who does not paint need not wait for it
    from synth.painter import Brush
    from synth.reskin import PAINTED

    out = Path(str(config.out))
    brush = Brush(strength=config.reskin_strength, num_steps=config.reskin_steps)
    teacher, weights = config.reskin_teacher, config.reskin_weights
    job = read_job(model_dir, brush, teacher=teacher, weights=weights, domain=config.domain)
    _enter(out, config)
    if _generate_plain(unpainted(config, out / PLAIN), choice, prepared) is None:
        return None
    index, seconds = run_job(job, out / PLAIN, out)
    write_contact_sheet(out, out / CONTACT)
    report = {
        **read_json(out / PLAIN / REPORT),
        "config": asdict(config),
        "config_sha256": index.config_sha256,
        "index_sha256": sha256_file(out / INDEX),
        "painting": {**index.notes[PAINTED], "seconds_of_last_call": round(seconds, 1)},
    }
    write_run_report(out, report)
    return index


def _enter(out: Path, config: GenerateConfig) -> None:
    """Create or enter the folder; it may grow, but not shrink, and a choice from a pool does neither."""
    _refuse_growing_choice(out, config)
    open_run(out, COMMAND, config, free=FREE, is_shared=config.shard is not None)
    known = read_json(out / CONFIG)["config"]["n"]
    if config.n < known and (out / INDEX).is_file() and read_index(out).num_records > config.n:
        raise InputError(f"{out} already holds {known} images; give --n {known} or more, or choose another --out")
    write_json(out / CONFIG, {"command": COMMAND, "config": asdict(config)})


def _refuse_growing_choice(out: Path, config: GenerateConfig) -> None:
    if config.pool == 1 or not (out / CONFIG).is_file():
        return
    known = read_json(out / CONFIG)["config"]
    if known.get("pool") == config.pool and known.get("n") != config.n:
        raise InputError(
            f"{out} holds a choice of {known['n']} from {known['n'] * config.pool} candidates, which cannot become "
            f"--n {config.n}; give --n {known['n']}, or choose another --out"
        )


def _indices(out: Path, config: GenerateConfig, samples: SampleConfig) -> Sequence[int]:
    """The samples to render: the first n, or the n that cover a pool of candidates."""
    if config.pool == 1:
        return range(config.n)
    return chosen_samples(
        out,
        samples,
        num_keep=config.n,
        num_candidates=config.n * config.pool,
        num_workers=int(config.workers),
        is_shared=config.shard is not None,
    )


def _index(config: GenerateConfig, entries: list[Entry], notes: dict[str, Any]) -> ShardIndex:
    samples = sample_config(config)
    shards = tuple(Shard(name=e["name"], sha256=e["sha256"], num_records=e["num_records"]) for e in entries)
    return ShardIndex(
        origin="synthetic",
        domain=config.domain,
        num_records=sum(shard.num_records for shard in shards),
        config=asdict(samples),
        config_sha256=samples.sha256,
        shards=shards,
        notes=notes,
    )


def _report(
    out: Path,
    config: GenerateConfig,
    index: ShardIndex,
    entries: list[Entry],
    *,
    choice: Choice,
    assets: dict[str, Any] | None,
    images_per_s: float | None,
) -> None:
    figures = Figures()
    for entry in entries:
        figures.merge(entry["figures"])
    target = TARGETS.get(config.domain)
    write_depth_chart(figures, target, config.domain, out / DEPTH)
    peaks = [entry["peak_bytes"] for entry in entries if "peak_bytes" in entry]
    write_run_report(
        out,
        {
            "command": COMMAND,
            "config": asdict(config),
            "config_sha256": index.config_sha256,
            "generator_version": GENERATOR_VERSION,
            "index_sha256": sha256_file(out / INDEX),
            "renderer": choice.name,
            "renderer_notes": choice.notes,
            "device": ", ".join(sorted({entry["device"] for entry in entries})),
            "assets": assets,
            "images_per_s": images_per_s,
            "worker_peak_bytes": max(peaks, default=None),
            "selection_sha256": sha256_file(out / SELECTION) if config.pool > 1 else None,
            "figures": figures.summary(),
            "target": judged(figures.summary(), target),
        },
    )


if __name__ == "__main__":
    run_command(main, GenerateConfig, COMMAND)
