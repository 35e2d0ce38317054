"""Pictures of an adaptation: distance per layer, the curve of the fit, renders before and after."""

from __future__ import annotations

from pathlib import Path

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from adapt.fitting import Fit

BEFORE_COLOUR, AFTER_COLOUR = "#D55E00", "#0072B2"  # told apart by colour-blind eyes (Okabe and Ito)


def plot_distances(fit: Fit, path: Path) -> None:
    """Distance of every BatchNorm layer, from the first to the last, before and after."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.add_subplot()
    layers = range(1, len(fit.before) + 1)
    for values, colour, label in ((fit.before, BEFORE_COLOUR, "renders"), (fit.after, AFTER_COLOUR, "adapted renders")):
        mean = sum(values.values()) / len(values)
        axes.plot(layers, list(values.values()), "o-", ms=3, lw=1, color=colour, label=f"{label}, mean {mean:.3f}")
    axes.set(xlabel="layer of the teacher, in the order in which they run", ylabel="distance", yscale="log")
    axes.set_title("How far the images are from the statistics that the teacher expects", fontsize=10)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def plot_curve(fit: Fit, path: Path) -> None:
    """Mean distance of each batch while the transformation was fitted."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(fit.curve, lw=1, color=AFTER_COLOUR)
    axes.set(xlabel="step", ylabel="loss of the batch", yscale="log" if fit.curve else "linear")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def plot_samples(
    before: Float[Tensor, "batch 3 height width"], after: Float[Tensor, "batch 3 height width"], path: Path
) -> None:
    """Renders in the left column, the same renders as the teacher will see them in the right."""
    rows, _, height, width = before.shape
    figure = Figure(figsize=(8, 4 * rows * height / width + 0.4), layout="constrained")
    grid = figure.subplots(rows, 2, squeeze=False)
    for row in range(rows):
        for column, images in enumerate((before, after)):
            grid[row][column].imshow(images[row].permute(1, 2, 0).numpy())
            grid[row][column].axis("off")
    grid[0][0].set_title("render", fontsize=10)
    grid[0][1].set_title("adapted", fontsize=10)
    figure.savefig(path, dpi=110)
