"""Depth picture: frames, their true depth and a teacher's answer, side by side on one scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from torch import Tensor

from mde.plain_scene import Frame

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80, 120, 200)
"""Depths that are marked on a scale."""


def plot_depth(
    frames: list[Frame], depth_m: Float[Tensor, "frames 1 height width"], path: Path, *, is_metric: bool, title: str
) -> None:
    """One row per frame: image, truth, answer. Metric depth shares the truth's logarithmic scale; other depth has its
    own. Where nothing stands is grey."""
    height, width = depth_m.shape[-2:]
    figure = Figure(figsize=(12, 3.6 * len(frames) * height / width + 1.0), layout="constrained")
    grid = figure.subplots(len(frames), 3, squeeze=False)
    for row, (frame, answer) in enumerate(zip(frames, depth_m.numpy(), strict=True)):
        true_m = np.where(frame.depth_m[0].numpy() > 0, frame.depth_m[0].numpy(), np.nan)
        low, high = np.nanpercentile(true_m if is_metric else answer[0], (1, 99))
        scale = LogNorm(*np.nanpercentile(true_m, (1, 99)))
        grid[row][0].imshow(frame.image.permute(1, 2, 0).numpy())
        truth = grid[row][1].imshow(true_m, cmap="viridis_r", norm=scale)
        shown = grid[row][2].imshow(answer[0], cmap="viridis_r", norm=LogNorm(low, high))
        grid[row][1].set_facecolor("#dddddd")
        bar = figure.colorbar(truth if is_metric else shown, ax=grid[row].tolist(), shrink=0.9)
        bar.set_ticks([tick for tick in TICKS if low <= tick <= high], labels=None)
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.ax.yaxis.set_minor_formatter("")
        for axes in grid[row]:
            axes.set(xticks=[], yticks=[])
    for axes, word in zip(
        grid[0], ("frame", "true depth (m)", "teacher" if is_metric else "teacher, no unit"), strict=True
    ):
        axes.set_title(word, fontsize=10)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=90)
