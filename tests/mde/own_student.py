"""The README's example of a student of your own: a few convolutions, and depth by exp."""

import torch
from torch import nn
from torch.nn import functional as F

from mde.bins import Bins
from mde.dpm import dpm_mean
from mde.nets.output import Output


class Network(nn.Module):
    """From images (B,3,H,W), RGB in [0,1], to metres, explained by a DPM at a quarter of the size."""

    def __init__(self, bins: Bins) -> None:
        super().__init__()
        self.bins = bins
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Conv2d(8, bins.num_bins, 3, padding=1)

    def forward(self, image: torch.Tensor) -> Output:
        """Depth at the size of the image."""
        logits = self.head(self.features(image))
        coarse_m = dpm_mean(logits.softmax(dim=1), self.bins)
        depth_m = F.interpolate(coarse_m, size=image.shape[-2:], mode="bilinear")
        return Output(depth_m=depth_m, dpm_logits=logits)


def build(bins: Bins, depth_range_m: tuple[float, float]) -> nn.Module:
    """What `--student own_student.py:build` calls."""
    return Network(bins)
