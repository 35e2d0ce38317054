"""Candidates: previews of more samples than are wanted, and the choice of those that are worth rendering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mde.files import remove_partials
from synth.block import Block, read_block
from synth.coverage_page import write_page
from synth.descriptor import fit_scaling
from synth.pool import Task, run_tasks
from synth.sample_config import SampleConfig
from synth.selection import SELECTION, read_selection, select, write_selection

PREVIEWS = "previews"
"""Folder of the blocks inside a run."""
BLOCK_SIZE = 100
"""Previews per file: what is lost at most, per process, when a run is killed."""


def chosen_samples(
    out: Path, samples: SampleConfig, *, num_keep: int, num_candidates: int, num_workers: int, is_shared: bool
) -> tuple[int, ...]:
    """The numbers of the samples to render: `num_keep` of the first `num_candidates`, sorted.

    Previews are drawn by `num_workers` processes, and kept in OUT/previews until the next time. A choice that is
    there already stands. The seed of the choice is that of the samples. `is_shared` says that others may be at work in
    the same folder now: their half-written files stay.
    """
    if (out / SELECTION).is_file():
        return read_selection(out).kept
    folder = out / PREVIEWS
    folder.mkdir(exist_ok=True)
    if not is_shared:
        remove_partials(folder)
    blocks = _blocks(folder, samples, num_candidates, num_workers)
    numbers = np.concatenate([block.numbers for block in blocks])
    descriptors = np.concatenate([block.descriptors for block in blocks])
    points = fit_scaling(descriptors).apply(descriptors)
    selection = select(numbers, points, num_keep, seed=samples.seed)
    pictures = [picture for block in blocks for picture in block.pictures]
    title = f"{num_keep} of {num_candidates} {samples.domain} scenes"
    is_kept = np.isin(numbers, selection.kept)
    write_page(out, title, selection.figures, descriptors, points, is_kept, pictures.__getitem__)
    write_selection(out, selection)
    return selection.kept


def _blocks(folder: Path, samples: SampleConfig, num_candidates: int, num_workers: int) -> list[Block]:
    """All blocks in order; missing ones are drawn first."""
    tasks = block_tasks(folder, num_candidates)
    found = {task.path: read_block(task.path, samples.sha256, task.indices) for task in tasks}
    missing = [task for task in tasks if found[task.path] is None]
    if missing:
        _draw(missing, samples, num_candidates, num_workers)
    blocks = [found[task.path] or read_block(task.path, samples.sha256, task.indices) for task in tasks]
    complete = [block for block in blocks if block is not None]
    assert len(complete) == len(tasks), "a block that was just written cannot be read"
    return complete


def block_tasks(folder: Path, num_candidates: int) -> list[Task]:
    """One task per block of the candidates 0 to num_candidates - 1."""
    return [
        Task(
            path=folder / f"block-{first // BLOCK_SIZE:05d}.npz",
            indices=tuple(range(first, min(first + BLOCK_SIZE, num_candidates))),
            product="previews",
        )
        for first in range(0, num_candidates, BLOCK_SIZE)
    ]


def _draw(missing: list[Task], samples: SampleConfig, num_candidates: int, num_workers: int) -> None:
    already = num_candidates - sum(len(task.indices) for task in missing)
    title = f"{samples.domain} previews"
    with tqdm(total=num_candidates, initial=already, unit="preview", desc=title, smoothing=0.05) as bar:

        def on_sample() -> None:
            bar.update()

        def on_block(_: dict[str, Any]) -> None:
            """The file itself says all that is needed."""

        def on_failure(error: OSError) -> None:
            raise error

        run_tasks(
            samples,
            missing,
            num_workers=num_workers,
            on_sample=on_sample,
            on_shard=on_block,
            on_failure=on_failure,
        )
