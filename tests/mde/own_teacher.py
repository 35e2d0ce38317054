"""The README's example of a teacher of your own: a small network that answers millimetres."""

from pathlib import Path

import torch
from torch import nn

from mde.nets.own import OwnTeacher


class Network(nn.Module):
    """From normalised images (B,3,H,W) to depth in millimetres, (B,1,H/2,W/2)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Depth, larger than 0."""
        return 2000.0 * self.head(self.features(image)).exp()


def load(weights: Path | None, domain: str) -> OwnTeacher:
    """What `--teacher own_teacher.py:load` calls; `weights` is what `--weights` names."""
    network = Network()
    if weights is not None:
        network.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu"))
    return OwnTeacher(
        network=network.eval().requires_grad_(False),
        kind="metric",  # or disparity, relative: then inverse depth, and metres_per_unit=None
        metres_per_unit=0.001,
        mean=(0.485, 0.456, 0.406),  # or None, std too, where the network normalises for itself
        std=(0.229, 0.224, 0.225),
        native_size=(48, 64),  # height, width
        multiple_of=2,  # or None: its native size alone
        licence="Apache-2.0",
    )
