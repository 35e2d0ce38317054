"""A student whose every layer shapes its depth, as a trained one's does: fresh students have heads of zeros."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT, build_student, save_student
from tests.mde.test_edge import card


def save_lively(run: Path, name: str = "plain", *, seed: int = 0) -> DepthNet:
    """Write the student of a run folder, with a digest of its own, and load it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        core = build_student(card(name))
        with torch.no_grad():
            for layer in core.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.running_mean.uniform_(-0.2, 0.2)
                    layer.running_var.uniform_(0.5, 2.0)
                    layer.weight.uniform_(0.8, 1.4)
            core.residual_head.weight.normal_(std=0.03)
            core.dpm_head.weight.normal_(std=0.3)
    save_student(run / STUDENT, core, replace(card(name), step=600))
    return load_student(run)
