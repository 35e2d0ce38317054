"""Train a demo teacher on the sealed world's train split.

python -m eval.demo_teacher --out runs/demo-teacher
python -m eval.demo_teacher --teacher demo-transformer --learning-rate 2e-3 --out runs/demo-transformer

Only the train split is rendered: its first pictures to learn from, a far stretch of it to validate
on. The test split stays sealed. Writes `weights.safetensors` and `teacher.json`, to be copied beside
`mde/nets/demo.py`, into `demo_teacher` or `demo_transformer`.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from eval.metrics import image_metrics
from eval.sealed.world import ORIGIN, write_sealed
from mde.batch import batch_numbers
from mde.checkpoint import Checkpoint, flatten_optimizer, latest_step, restore_optimizer, save_step
from mde.command import run_command
from mde.device import DeviceName, pick_device
from mde.domain import INDOOR
from mde.errors import InputError
from mde.files import sha256_file, write_bytes, write_json
from mde.nets.demo import MIDDLE_DEPTH_M, NATIVE_SIZE, DemoTeacher, Norm
from mde.nets.demo_vit import DemoTransformer
from mde.run_directory import environment, open_run
from mde.shards import INDEX, ShardReader

VALIDATION_START = 1_000_000
"""First index of the stretch of the train split that is never learned from."""
SCALES = (1, 2, 4)
"""Distances in pixels over which differences of log depth are compared."""
DemoName = Literal["demo", "demo-transformer"]
CHECKPOINTS = "checkpoints"
WEIGHTS = "weights.safetensors"
CARD = "teacher.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoTeacherConfig:
    """Render the sealed world's train split and train a demo teacher on its true depth."""

    teacher: DemoName = "demo"
    """The convolutional one, or the transformer."""

    out: Path
    """Folder to create, or to go on in: pictures, checkpoints, weights, figures."""
    num_images: int = 8192
    """Pictures to learn from."""
    num_validation: int = 512
    """Pictures to judge by, from a stretch of the train split that is not learned from."""
    num_steps: int = 4000
    """Optimiser steps."""
    batch_size: int = 32
    """Pictures per step."""
    learning_rate: float = 3e-3
    """Peak of the one-cycle schedule."""
    weight_decay: float = 2e-2
    """AdamW's decoupled decay."""
    gradient_weight: float = 0.5
    """Weight of the gradient loss beside the L1 of log depth."""
    norm: Norm = "batch"
    """BatchNorm, or LayerNorm over channels: the convolutional teacher without stored statistics, for studies."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    device: DeviceName = "auto"
    """Where to train; auto takes CUDA when it is there."""
    checkpoint_every: int = 500
    """Steps between checkpoints; what a kill can cost at most."""

    def __post_init__(self) -> None:
        for name in ("num_images", "num_validation", "num_steps", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        if self.batch_size < 2:
            raise InputError(f"--batch-size {self.batch_size} must be at least 2, BatchNorm needs it")
        if self.num_images > VALIDATION_START:
            raise InputError(f"--num-images {self.num_images} reaches into validation; at most {VALIDATION_START}")
        if self.learning_rate <= 0 or self.weight_decay < 0 or self.gradient_weight < 0 or self.seed < 0:
            raise InputError("the learning rate must be positive; decay, gradient weight and seed not negative")
        if self.teacher != "demo" and self.norm != "batch":
            raise InputError(f"--norm {self.norm} is a choice of teacher demo alone; leave it out")


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """A stretch of the sealed world in memory."""

    images: Tensor
    """(N,3,H,W) uint8."""
    depth_m: Tensor
    """(N,1,H,W) float16 (at 10 m off by at most 4 mm)."""

    def batch(self, numbers: list[int], device: torch.device) -> tuple[Tensor, Tensor]:
        """Images in [0, 1] and depth in metres, float32."""
        images = self.images[numbers].to(device).float() / 255.0
        return images.contiguous(memory_format=torch.channels_last), self.depth_m[numbers].to(device).float()


def train_demo_teacher(config: DemoTeacherConfig) -> None:
    """Render, train, validate, write; goes on where a killed run was."""
    open_run(config.out, "eval.demo_teacher", config, free=("out", "device"))
    train_set = pictures(config.out / "train", config.num_images, start=0)
    validation_set = pictures(config.out / "validation", config.num_validation, start=VALIDATION_START)
    device = pick_device(config.device)
    core = fresh_teacher(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    begin = time.monotonic()
    final_loss = fit(core, train_set, config)
    seconds = time.monotonic() - begin
    first = Pictures(
        images=train_set.images[: config.num_validation], depth_m=train_set.depth_m[: config.num_validation]
    )
    figures = {"train": mean_metrics(core, first), "validation": mean_metrics(core, validation_set)}
    write_teacher(core, config, {**figures, "final_loss": final_loss, "seconds": round(seconds, 1)})
    for name, metrics in figures.items():
        print(f"{name:>10}: " + "  ".join(f"{key} {metrics[key]:.4f}" for key in ("abs_rel", "delta1", "rmse")))


def fresh_teacher(config: DemoTeacherConfig) -> DemoTeacher | DemoTransformer:
    """First weights by seed; the caller's generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        if config.teacher == "demo-transformer":
            return DemoTransformer(INDOOR.depth_range_m)
        return DemoTeacher(INDOOR.depth_range_m, norm=config.norm)


def pictures(directory: Path, num: int, *, start: int) -> Pictures:
    """Render a stretch of the train split into `directory`, unless it is there, and read it."""
    write_sealed(directory, "train", num, start=start)
    reader = ShardReader(directory, origins=(ORIGIN,))
    records = [reader[number] for number in tqdm(range(len(reader)), desc=f"read {directory.name}", unit="image")]
    return Pictures(
        images=torch.from_numpy(np.stack([record.image for record in records])).permute(0, 3, 1, 2).contiguous(),
        depth_m=torch.from_numpy(np.stack([record.depth_m for record in records]))[:, None].half(),
    )


def fit(core: nn.Module, data: Pictures, config: DemoTeacherConfig) -> float:
    """Train in place from the last good checkpoint on; answers the mean loss of the last tenth run here.

    Every draw depends on (seed, step) alone. Convolutions run in bfloat16, which halves the time on
    processors that have it; BatchNorm statistics, weights and loss stay float32.
    """
    device = next(core.parameters()).device
    optimizer = torch.optim.AdamW(core.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    start = _resume(core, optimizer, config)
    losses: list[float] = []
    core.train()
    bar = tqdm(range(start, config.num_steps), initial=start, total=config.num_steps, desc="train", unit="step")
    for step in bar:
        images, true_m = data.batch(
            batch_numbers(len(data.images), config.batch_size, seed=config.seed, step=step), device
        )
        images, true_m = augment_rand(np.random.default_rng([config.seed, step, 7]), images, true_m)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            raw = core(images).raw
        loss = depth_loss(raw.float(), (true_m / MIDDLE_DEPTH_M).log(), config.gradient_weight).mean()
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * one_cycle(step, config.num_steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(core.parameters(), 1.0, error_if_nonfinite=True)
        optimizer.step()
        losses.append(float(loss.detach()))
        bar.set_postfix(loss=f"{np.mean(losses[-100:]):.4f}", refresh=False)
        if (step + 1) % config.checkpoint_every == 0:
            _save(core, optimizer, step + 1, config)
    core.eval()
    return float(np.mean(losses[-max(1, config.num_steps // 10) :])) if losses else float("nan")


def _save(core: nn.Module, optimizer: torch.optim.Optimizer, step: int, config: DemoTeacherConfig) -> None:
    tensors = {f"net.{name}": tensor for name, tensor in core.state_dict().items()}
    tensors |= {f"adam.{name}": tensor for name, tensor in flatten_optimizer(optimizer).items()}
    save_step(config.out / CHECKPOINTS, step, Checkpoint(tensors=tensors, sidecar={"step": step}))


def _resume(core: nn.Module, optimizer: torch.optim.Optimizer, config: DemoTeacherConfig) -> int:
    found = latest_step(config.out / CHECKPOINTS)
    if found is None:
        return 0
    step, checkpoint = found
    core.load_state_dict({n[4:]: tensor for n, tensor in checkpoint.tensors.items() if n.startswith("net.")})
    restore_optimizer(optimizer, {n[5:]: tensor for n, tensor in checkpoint.tensors.items() if n.startswith("adam.")})
    return step


def one_cycle(step: int, num_steps: int) -> float:
    """Share of the peak learning rate: half a cosine up over the first sixth, half a cosine down to zero."""
    rise = num_steps / 6
    phase = (step + 0.5) / rise - 1.0 if step + 0.5 < rise else (step + 0.5 - rise) / (num_steps - rise)
    return 0.5 * (1.0 + float(np.cos(np.pi * phase)))


def augment_rand(rng: np.random.Generator, images: Tensor, true_m: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror half of the pictures together with their depth; vary exposure, colour cast, gamma and noise a little."""
    num = len(images)

    def draw(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)).to(images.device)

    mirrored = torch.from_numpy(rng.random(num) < 0.5).to(images.device).view(-1, 1, 1, 1)
    images, true_m = torch.where(mirrored, images.flip(-1), images), torch.where(mirrored, true_m.flip(-1), true_m)
    gain = (0.12 * draw(num, 1, 1, 1) + 0.06 * draw(num, 3, 1, 1)).exp()
    images = gain * images.clamp_min(1e-4) ** (0.1 * draw(num, 1, 1, 1)).exp()
    return (images + 0.01 * draw(*images.shape)).clamp(0.0, 1.0), true_m


def depth_loss(
    log_pred: Float[Tensor, "batch 1 height width"],
    log_true: Float[Tensor, "batch 1 height width"],
    gradient_weight: float,
) -> Float[Tensor, " batch"]:
    """Mean |e| plus `gradient_weight` times the mean |difference of e| at each scale, e = ln p - ln g."""
    error = log_pred - log_true
    loss = error.abs().flatten(1).mean(dim=1)
    for scale in SCALES:
        across = (error[..., :, scale:] - error[..., :, :-scale]).abs().flatten(1).mean(dim=1)
        along = (error[..., scale:, :] - error[..., :-scale, :]).abs().flatten(1).mean(dim=1)
        loss = loss + gradient_weight * (across + along) / len(SCALES)
    return loss


@torch.no_grad()
def mean_metrics(core: nn.Module, data: Pictures) -> dict[str, float]:
    """Every metric, per picture in float32, then the unweighted mean over pictures."""
    device = next(core.parameters()).device
    core.eval()
    rows: list[dict[str, float]] = []
    for numbers in torch.arange(len(data.images)).split(64):
        images, true_m = data.batch(numbers.tolist(), device)
        pred_m = core(images).depth_m
        rows += [image_metrics(p.flatten(), g.flatten()) for p, g in zip(pred_m.cpu(), true_m.cpu(), strict=True)]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def write_teacher(core: nn.Module, config: DemoTeacherConfig, figures: dict[str, Any]) -> None:
    """Write the weights (float32) and the card that says what they are."""
    path = config.out / WEIGHTS
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in core.state_dict().items()}
    write_bytes(path, save(state))
    options = {name: value for name, value in asdict(config).items() if name not in ("out", "device")}
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    card = {
        "name": config.teacher,
        "licence": "Apache-2.0",
        "domain": INDOOR.name,
        "native_size": list(NATIVE_SIZE),
        "num_parameters": sum(parameter.numel() for parameter in core.parameters()),
        "weights_sha256": sha256_file(path),
        "trained_on": {name: sha256_file(config.out / name / INDEX) for name in ("train", "validation")},
        "config": options,
        "command": f"python -m eval.demo_teacher --out DIR {flags}",
        "figures": figures,
        "environment": environment(),
    }
    write_json(config.out / CARD, card)


if __name__ == "__main__":
    run_command(train_demo_teacher, DemoTeacherConfig, "eval.demo_teacher")
