"""Failed batch: what the networks saw and answered at the step at which a training broke."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from mde.files import write_json

FOLDER = "failed-batch"


def write_failed_batch(
    out: Path,
    images: Tensor,
    teacher_m: Tensor,
    student_m: Tensor,
    terms: dict[str, Tensor],
    *,
    step: int,
    numbers: list[int],
) -> Path:
    """Write images, depths (B,1,H,W) and terms (B,) of a batch below `out`; answers the picture's path.

    `numbers` are the records that the process drew for the step.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    planes = {"image": images.permute(0, 2, 3, 1), "teacher (m)": teacher_m[:, 0], "student (m)": student_m[:, 0]}
    figure = Figure(figsize=(2.2 * len(images), 6.0), layout="constrained")
    grid = figure.subplots(len(planes), len(images), squeeze=False)
    for row, (name, plane) in zip(grid, planes.items(), strict=True):
        for axes, one in zip(row, plane.detach().float().cpu().numpy(), strict=True):
            axes.imshow(np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0), cmap="viridis_r")
            axes.set(xticks=[], yticks=[])
            if not np.isfinite(one).all():
                axes.set_title(f"{int((~np.isfinite(one)).sum())} not finite", fontsize=8, color="#b00020")
        row[0].set_ylabel(name)
    path = folder / f"step-{step}.png"
    figure.savefig(path, dpi=90)
    listed = {name: [str(value) for value in term.detach().float().tolist()] for name, term in terms.items()}
    write_json(folder / f"step-{step}.json", {"step": step, "records": numbers, "terms": listed})
    return path
