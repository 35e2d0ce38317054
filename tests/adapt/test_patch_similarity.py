from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from adapt.patch_similarity import (
    BANDWIDTH,
    MAX_PATCHES,
    attention_modules,
    captured_tokens,
    entropy,
    patch_entropy_loss,
    patch_similarity_loss,
)
from mde.errors import InputError
from mde.nets.net import DepthNet
from tests.adapt.mixed_teacher import mixed_teacher
from tests.mde.tiny_transformers import save_depth_anything, save_dpt, save_glpn

KERNEL_ENTROPY = 0.5 * math.log(2.0 * math.pi * math.e * BANDWIDTH**2)
"""Differential entropy of one Gaussian."""


def test_patches_that_are_all_alike_have_the_entropy_of_one_kernel() -> None:
    tokens = torch.ones(2, 9, 5)
    assert patch_similarity_loss(tokens).item() == pytest.approx(-KERNEL_ENTROPY, abs=1e-4)


def test_two_kinds_of_patches_add_the_entropy_of_their_shares() -> None:
    """Three patches along x and three along y: 6 pairs of similarity 1, 9 of 0, far apart beside the kernel."""
    tokens = torch.eye(2).repeat_interleave(3, dim=0)[None] * 7.0
    shares = (6 / 15, 9 / 15)
    expected = KERNEL_ENTROPY - sum(share * math.log(share) for share in shares)
    assert -patch_similarity_loss(tokens).item() == pytest.approx(expected, abs=1e-4)


def test_the_entropy_agrees_with_fine_integration_by_loops() -> None:
    samples = torch.rand(12, generator=torch.Generator().manual_seed(0)) * 2.0 - 1.0
    step, total = 1e-3, 0.0
    for number in range(-1500, 1500):
        place = number * step
        density = sum(math.exp(-0.5 * ((place - s) / BANDWIDTH) ** 2) for s in samples.tolist())
        density /= len(samples) * BANDWIDTH * math.sqrt(2.0 * math.pi)
        total -= step * density * math.log(density) if density > 0.0 else 0.0
    assert entropy(samples[None]).item() == pytest.approx(total, abs=1e-4)


def test_varied_patches_have_the_smaller_loss_and_maps_and_layers_are_averaged() -> None:
    varied = torch.randn(1, 20, 4, generator=torch.Generator().manual_seed(0))
    alike = torch.ones(1, 20, 4)
    assert patch_similarity_loss(varied) < patch_similarity_loss(alike) - 1.0
    mean = (patch_similarity_loss(varied) + patch_similarity_loss(alike)) / 2
    torch.testing.assert_close(patch_similarity_loss(torch.cat((varied, alike))), mean)
    torch.testing.assert_close(patch_entropy_loss([varied, alike]), mean)


def test_gradients_are_finite_also_where_patches_are_equal_or_nothing() -> None:
    tokens = torch.zeros(1, 5, 3, requires_grad=True)
    with torch.no_grad():
        tokens[0, :2, 0] = 1.0
    patch_similarity_loss(tokens).backward()
    assert tokens.grad is not None and bool(torch.isfinite(tokens.grad).all())


def test_many_patches_cost_no_more_than_the_most() -> None:
    few = torch.randn(1, MAX_PATCHES, 4, generator=torch.Generator().manual_seed(0))
    many = few.repeat_interleave(10, dim=1)
    torch.testing.assert_close(patch_similarity_loss(many), patch_similarity_loss(few), rtol=0.05, atol=0.05)


@pytest.mark.parametrize(("save", "num"), [(save_depth_anything, 4), (save_dpt, 4), (save_glpn, 4)])
def test_every_attention_of_a_transformer_is_captured_once(save, num: int, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("transformers")
    from mde.nets import load_teacher

    teacher = load_teacher(f"hf:{save(tmp_path)}", None, "indoor")
    height, width = teacher.spec.native_size
    images = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0)).requires_grad_()
    teacher(images)  # on the first pass transformers sets hooks of its own
    num_hooks = sum(len(module._forward_hooks) for module in teacher.modules())
    with captured_tokens(teacher) as capture:
        teacher(images)
        layers = capture.take()
        assert len(layers) == num and all(tokens.dim() == 3 and len(tokens) == 2 for tokens in layers)
        patch_entropy_loss(layers).backward()
    assert images.grad is not None and float(images.grad.abs().sum()) > 0.0
    assert sum(len(module._forward_hooks) for module in teacher.modules()) == num_hooks


def test_torch_attention_is_read_with_its_batch_first() -> None:
    class Core(nn.Module):
        def __init__(self, batch_first: bool) -> None:
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 8, dropout=0.0, batch_first=batch_first)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.encoder(tokens)

    for batch_first, shape in ((True, (3, 5, 8)), (False, (5, 3, 8))):
        teacher = DepthNet(Core(batch_first), mixed_teacher().spec, size_rule=lambda _height, _width: None).eval()
        assert list(attention_modules(teacher)) == [f"core.encoder.layers.{number}.self_attn" for number in (0, 1)]
        with captured_tokens(teacher) as capture, torch.no_grad():
            teacher.core(torch.rand(shape))
            assert [tuple(tokens.shape) for tokens in capture.take()] == [(3, 5, 8)] * 2


def test_a_teacher_without_attention_is_refused_with_advice() -> None:
    with pytest.raises(InputError, match="'mixed' has no attention; --statistics patch-similarity is for"):
        with captured_tokens(mixed_teacher()):
            pass


def test_attention_that_never_runs_is_refused() -> None:
    teacher = mixed_teacher()
    teacher.core.spare = nn.MultiheadAttention(4, 1)
    with captured_tokens(teacher) as capture:
        teacher(torch.rand(1, 3, 8, 12))
        with pytest.raises(InputError, match="no attention of teacher 'mixed' ran on patches"):
            capture.take()
