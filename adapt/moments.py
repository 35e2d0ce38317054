"""What the owner of real images may hand out: the moments of a teacher's norm layers over them, and no image.

python -m adapt.moments --teacher hf:depth-anything --images FRAMES --out moments.safetensors
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from adapt.contribution import contribution, moments_from, render_reference, unit_reference
from adapt.norm_layer import norm_layers
from adapt.owner import header_of, write_owner
from adapt.privacy import MECHANISM, Privacy, clipped, system_normals
from adapt.statistics import Moments, captured
from mde.command import run_command
from mde.device import DeviceName, pick_device
from mde.domain import DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.record import decode_image
from mde.shards import INDEX, ShardReader

SUFFIX = ".safetensors"
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
MIN_IMAGES = 32
"""Means over fewer say much about single images, and little about all of them."""
MIN_PRIVATE_VARIANCE = 0.05
"""Least variance of a noisy channel, in units of the reference: below, noise alone speaks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MomentsConfig:
    """For the owner of real images: write the mean and variance of every channel that enters a norm layer of a teacher.

    Whoever gets the file can match renders to it (adapt.run --statistics owner:FILE). Of all commands that come before
    a student is finished this one alone opens real images; none of them leaves in the file, nor any number of a single
    one. Without --epsilon the moments are exact.
    """

    teacher: str
    """Architecture of the checkpoint, as in adapt.run."""
    weights: Path | None = None
    """The teacher's checkpoint; only read."""
    domain: DomainName = "indoor"
    """What the weights were trained on."""
    images: Path
    """Folder of real JPEG and PNG images of that camera, searched through all its folders."""
    out: Path
    """File to create; its name ends in .safetensors."""
    epsilon: float | None = None
    """Budget of differential privacy, per image: noise is added, less for a larger budget and for more images.
    Every file made from the same images spends its own."""
    delta: float = 1e-6
    """Chance beyond the budget; below one in the number of images."""
    renders: Path | None = None
    """Shards of synth.generate, needed with --epsilon: they give the units in which one image's numbers are bounded."""
    clip: float = 4.0
    """With --epsilon: largest root mean square of one image's numbers in a layer, in those units; longer ones are
    shortened. Choose it without a look at the images."""
    device: DeviceName = "auto"
    """Where to compute; auto takes CUDA when it is there."""

    def __post_init__(self) -> None:
        if self.out.suffix != SUFFIX:
            raise InputError(f"--out {self.out} must end in {SUFFIX}")
        if self.epsilon is not None and not 0.0 < self.epsilon <= 100.0:
            raise InputError(f"--epsilon {self.epsilon} must lie between 0 and 100; leave it out for exact moments")
        if (self.epsilon is None) != (self.renders is None):
            raise InputError("--epsilon and --renders belong together: renders give the units of the bound")
        if not 0.0 < self.delta < 1.0 or not 0.0 < self.clip < float("inf"):
            raise InputError(f"--delta {self.delta} must lie between 0 and 1, --clip {self.clip} must be positive")


def main(config: MomentsConfig) -> None:
    """Measure, add noise where asked, write; nothing is written unless all went well."""
    if config.out.exists():
        raise InputError(f"{config.out} exists; choose another --out (with --epsilon each file spends its own budget)")
    paths = image_paths(config.images)
    teacher = load_teacher(config.teacher, config.weights, domain=config.domain)
    teacher.to(pick_device(config.device))
    layers = norm_layers(teacher)
    if not layers:
        raise InputError(f"teacher {teacher.spec.name!r} has no norm layer, so there are no moments to hand out")
    privacy, statement = None, None
    sigmas: dict[str, float] = {}
    if config.epsilon is None or config.renders is None:
        moments, num_images = exact_moments(teacher, unit_reference(teacher, layers), paths)
    else:
        privacy = Privacy(epsilon=config.epsilon, delta=config.delta, clip=config.clip)
        reference = render_reference(teacher, layers, renders(config.renders, teacher))
        moments, num_images, sigmas = private_moments(teacher, reference, paths, privacy, system_normals)
        digest = sha256_file(config.renders / INDEX)
        statement = {**asdict(privacy), "mechanism": MECHANISM, "sigma": sigmas, "renders_sha256": digest}
    config.out.parent.mkdir(parents=True, exist_ok=True)
    write_owner(config.out, moments, header_of(teacher, moments, num_images, statement))
    noise = "exact, no noise" if privacy is None else f"epsilon {config.epsilon:g}, delta {config.delta:g}"
    size = f"{num_images} images, {len(moments)} layers, {config.out.stat().st_size:,} bytes"
    print(f"{config.out}: {size}; {noise}")
    if privacy is not None:
        low, high = min(sigmas.values()), max(sigmas.values())
        print(f"noise on means and squares: {low:.3f} to {high:.3f} of a channel's deviation; above 0.2 it drowns them")


def image_paths(folder: Path) -> list[Path]:
    """Every JPEG and PNG below `folder`, in order. Raises InputError for too few."""
    if not folder.is_dir():
        raise InputError(f"--images {folder} is no folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    if len(paths) < MIN_IMAGES:
        raise InputError(f"--images {folder} holds {len(paths)} JPEG and PNG images; expected at least {MIN_IMAGES}")
    return paths


def renders(directory: Path, teacher: DepthNet) -> ShardReader:
    """The renders of the reference. Raises InputError for those of another domain, or for real images."""
    reader = ShardReader(directory)
    if reader.domain != teacher.spec.domain:
        raise InputError(f"--renders {directory} holds {reader.domain} images and the teacher is for another domain")
    return reader


def exact_moments(
    teacher: DepthNet, reference: dict[str, Moments], paths: list[Path]
) -> tuple[dict[str, Moments], int]:
    """Moments of every layer's input over the readable images, and their number."""
    means, num_images = mean_contributions(teacher, reference, paths, clip=float("inf"))
    return {name: moments_from(mean, reference[name], min_variance=0.0) for name, mean in means.items()}, num_images


def private_moments(
    teacher: DepthNet,
    reference: dict[str, Moments],
    paths: list[Path],
    privacy: Privacy,
    normals: Callable[[int], Tensor],
) -> tuple[dict[str, Moments], int, dict[str, float]]:
    """Noisy moments, the number of images, and the deviation of each layer's noise; `normals` draws the noise.

    How many images were shortened is not told: it would spend budget.
    """
    means, num_images = mean_contributions(teacher, reference, paths, clip=privacy.clip)
    if privacy.delta * num_images >= 1.0:
        raise InputError(f"--delta {privacy.delta:g} is not below 1/{num_images}, one in the number of images")
    sigmas = {
        name: privacy.sigma(len(mean), num_layers=len(means), num_images=num_images) for name, mean in means.items()
    }
    noisy = {name: mean + sigmas[name] * normals(len(mean)) for name, mean in means.items()}
    moments = {
        name: moments_from(mean, reference[name], min_variance=MIN_PRIVATE_VARIANCE) for name, mean in noisy.items()
    }
    return moments, num_images, sigmas


def mean_contributions(
    teacher: DepthNet, reference: dict[str, Moments], paths: list[Path], *, clip: float
) -> tuple[dict[str, Float[Tensor, " twice_channels"]], int]:
    """Mean over the readable images of what each says of every layer of the reference, and their number.

    Images go through the teacher one at a time, so that none touches another's numbers whatever the network does with
    a batch. Raises InputError for too few readable images, and for activations that are not finite.
    """
    sums = {name: torch.zeros(2 * len(moments.mean), dtype=torch.float64) for name, moments in reference.items()}
    num_images = 0
    for values in contributions(teacher, reference, paths):
        for name, value in values.items():
            sums[name] += clipped(value, clip)
        num_images += 1
    if num_images < MIN_IMAGES:
        raise InputError(f"{num_images} of the images can be read; expected at least {MIN_IMAGES}")
    return {name: total / num_images for name, total in sums.items()}, num_images


@torch.no_grad()
def contributions(
    teacher: DepthNet, reference: dict[str, Moments], paths: list[Path]
) -> Iterator[dict[str, Float[Tensor, " twice_channels"]]]:
    """What every readable image says of every layer; the others are named and left out."""
    device = next(teacher.parameters()).device
    with captured({name: teacher.get_submodule(name) for name in reference}) as capture:
        for path in tqdm(paths, desc="moments", unit="image"):
            whole = read_whole(path)
            if whole is None:
                continue
            teacher(teacher.spec.framing.image(whole).to(device))
            found = capture.take()
            if found.keys() != reference.keys():
                name = min(reference.keys() - found.keys())
                raise InputError(f"layer {name} does not run for {path}; such a teacher has no moments")
            values = {name: contribution(found[name], reference[name]) for name in reference}
            for name, value in values.items():
                if not bool(torch.isfinite(value).all()):
                    raise InputError(f"{path} makes NaN or infinity in layer {name}; leave this image out")
            yield values


def read_whole(path: Path) -> Float[Tensor, "1 3 height width"] | None:
    """An image, RGB in [0,1]; None, with a line that names it, where it cannot be read."""
    try:
        pixels = decode_image(path.read_bytes())
    except (OSError, ValueError, SyntaxError):  # Pillow answers a damaged PNG with any of the three
        tqdm.write(f"left out {path}, which cannot be read as JPEG or PNG", file=sys.stderr)
        return None
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255.0


if __name__ == "__main__":
    run_command(main, MomentsConfig, "adapt.moments")
