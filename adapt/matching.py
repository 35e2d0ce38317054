"""Matching: the loss by which a transformation is fitted, with gradients exact over any number of micro-batches."""

from __future__ import annotations

import torch
from torch import Tensor

from adapt.distance import StatisticsLoss, layer_distances, mean_distance
from adapt.patch_similarity import TokenCapture, patch_distance
from adapt.statistics import Capture, Moments, merge_moments
from adapt.target import Target
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.transformation import Transformation


class MomentMatching:
    """Distance of a batch's moments to the targets, and its gradient on a transformation with the structure penalty's.

    With `past_share` m the moments compared are those of the batch for a share 1 - m, and of all before it, falling off
    by m each step, for the rest: smoother, for batches too small for their own statistics (as in "Contrastive Model
    Inversion", Fang et al., IJCAI 2021, whose public code mixes with rate 0.9).
    """

    def __init__(
        self, teacher: DepthNet, targets: dict[str, Target], capture: Capture, loss: StatisticsLoss, past_share: float
    ) -> None:
        self._teacher = teacher
        self._targets = targets
        self._capture = capture
        self._loss: StatisticsLoss = loss
        self._past_share = past_share
        self._past: dict[str, Moments] | None = None

    def backward(self, transformation: Transformation, batches: list[Tensor]) -> float:
        """Add the gradient of one step, over all `batches` together, and answer the distance.

        One batch costs a forward and a backward pass. Of several, only one is in memory at a time: a first pass without
        gradients finds the moments of all, a second one carries the distance's gradient back through each in turn. That
        is exact, since moments of a union are a function of those of its parts.

        Raises:
            InputError: when the images or the activations are not finite.
        """
        if len(batches) == 1:
            found, penalty = self._pass(transformation, batches[0])
            distance = self._distance(found)
            (distance + penalty).backward()
            self._capture.take()  # what checkpointed layers left while they ran again
            return distance.item()
        sizes = [len(batch) for batch in batches]
        with torch.no_grad():
            parts = [self._pass(transformation, batch)[0] for batch in batches]
        whole = {
            name: Moments(mean=moments.mean.requires_grad_(), var=moments.var.requires_grad_())
            for name, moments in merge_moments(parts, sizes).items()
        }
        distance = self._distance(whole)
        distance.backward()
        for batch in batches:
            share = len(batch) / sum(sizes)
            part, penalty = self._pass(transformation, batch)
            (share * (_pulled(part, whole) + penalty)).backward()
            self._capture.take()
        return distance.item()

    def _pass(self, transformation: Transformation, images: Tensor) -> tuple[dict[str, Moments], Tensor]:
        """Moments of transformed images, and the structure penalty of what was painted."""
        self._capture.take()
        transformed, residual = transformation.with_residual(images)
        self._teacher(transformed)
        return self._capture.take(), structure_penalty(residual)

    def _distance(self, found: dict[str, Moments]) -> Tensor:
        if self._past is not None and self._past_share > 0.0:
            found = _mixed(found, self._past, self._past_share)
        distances = layer_distances(self._loss, found, self._targets)
        check_finite(distances)
        self._past = {name: Moments(mean=m.mean.detach(), var=m.var.detach()) for name, m in found.items()}
        return mean_distance(distances)


class PatchMatching:
    """Distance of a transformer's patches from variety, and its gradient on a transformation; needs no statistics."""

    def __init__(self, teacher: DepthNet, capture: TokenCapture) -> None:
        self._teacher = teacher
        self._capture = capture

    def backward(self, transformation: Transformation, batches: list[Tensor]) -> float:
        """Add the gradient of one step, a mean over images, one batch in memory at a time; answer the distance.

        Raises:
            InputError: when the distance is not finite.
        """
        num = sum(len(batch) for batch in batches)
        total = 0.0
        for batch in batches:
            self._capture.forget()  # what checkpointed layers left while they ran again
            transformed, residual = transformation.with_residual(batch)
            self._teacher(transformed)
            distance = patch_distance(self._capture.take())
            check_finite({"patches": distance})
            ((distance + structure_penalty(residual)) * len(batch) / num).backward()
            total += distance.item() * len(batch) / num
        return total


def check_finite(distances: dict[str, Tensor]) -> None:
    """Raises InputError, naming the first layer, where what enters it is not finite."""
    for name, distance in distances.items():
        if not bool(torch.isfinite(distance)):
            raise InputError(
                f"what enters layer {name!r} of the teacher is not finite: its distance is {distance.item()}"
            )


def _pulled(part: dict[str, Moments], whole: dict[str, Moments]) -> Tensor:
    """A scalar whose gradient on a part's moments is, up to its share, the distance's by way of the whole's.

    With mu = sum_i w_i mu_i and v = sum_i w_i (v_i + (mu_i - mu)^2): dmu/dmu_i = w_i, dv/dv_i = w_i,
    dv/dmu_i = 2 w_i (mu_i - mu).
    """
    pulls = []
    for name, total in whole.items():
        assert total.mean.grad is not None and total.var.grad is not None
        moments = part[name]
        away = (moments.mean - total.mean).detach()
        pulls.append(
            (total.mean.grad * moments.mean + total.var.grad * (moments.var + 2.0 * away * moments.mean)).sum()
        )
    return torch.stack(pulls).sum()


def _mixed(found: dict[str, Moments], past: dict[str, Moments], past_share: float) -> dict[str, Moments]:
    mixed = {}
    for name, now in found.items():
        before = past[name]
        mean = past_share * before.mean + (1.0 - past_share) * now.mean
        spread = past_share * (before.var + (before.mean - mean).square())
        mixed[name] = Moments(mean=mean, var=spread + (1.0 - past_share) * (now.var + (now.mean - mean).square()))
    return mixed


def structure_penalty(residual: Tensor | None) -> Tensor:
    """0.1 |r| + 0.1 |gradient of r's luminance|, means over pixels: a network shall not paint what is not there.

    Only on what a network adds to the affine map, since colours moved alike everywhere destroy no structure. The public
    summary of the paper names no such term; weights are ours.
    """
    if residual is None:
        return torch.zeros(())
    luminance = (residual * residual.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)).sum(1)
    across = (luminance[..., :, 1:] - luminance[..., :, :-1]).abs().mean()
    along = (luminance[..., 1:, :] - luminance[..., :-1, :]).abs().mean()
    return 0.1 * residual.abs().mean() + 0.1 * (across + along)
