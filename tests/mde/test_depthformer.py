from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.depthformer import NECK_CHANNELS, depthformer
from mde.nets.swin import SWIN_L, SwinSize, relative_position_index

SMALL = SwinSize(channels=8, num_blocks=(1, 1, 2, 1), num_heads=(1, 2, 4, 8))


def test_any_size_is_answered_in_range_with_the_head_at_half_size() -> None:
    torch.manual_seed(0)
    core = depthformer(SMALL, 16, (1e-3, 10.0)).eval()
    with torch.no_grad():
        output = core(torch.rand(2, 3, 45, 70))
    assert output.depth_m.shape == (2, 1, 45, 70) and output.raw.shape == (2, 1, 23, 35)
    assert output.depth_m.min() >= 1e-3 and output.depth_m.max() <= 10.0


def test_images_of_a_batch_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    core = depthformer(SMALL, 16, (1e-3, 10.0)).eval()
    core.decode_head.conv_depth.bias.data.fill_(5.0)  # away from the ReLU's floor
    images = torch.rand(2, 3, 45, 70)
    with torch.no_grad():
        together = core(images).raw
        alone = torch.cat([core(image[None]).raw for image in images])
    assert together.std() > 0
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_gradient_reaches_the_image_through_the_frozen_network() -> None:
    torch.manual_seed(0)
    core = depthformer(SMALL, 16, (1e-3, 10.0)).eval().requires_grad_(False)
    core.decode_head.conv_depth.bias.data.fill_(5.0)
    image = torch.rand(1, 3, 45, 70).requires_grad_()
    core(image).depth_m.mean().backward()
    assert image.grad is not None and bool(image.grad.isfinite().all()) and bool((image.grad != 0).any())


def test_the_large_one_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        core = depthformer(SWIN_L, NECK_CHANNELS[SWIN_L], (1e-3, 80.0))
    num_blocks = sum(SWIN_L.num_blocks)
    assert len(core.state_dict()) + num_blocks == 492  # the file repeats the table of positions in every block
    assert sum(parameter.numel() for parameter in core.parameters()) == pytest.approx(273.7e6, abs=5e4)


def test_windows_of_another_order_are_refused(tmp_path: Path) -> None:
    state = {
        "backbone.patch_embed.projection.bias": torch.zeros(96),
        "backbone.stages.0.blocks.0.attn.w_msa.relative_position_index": relative_position_index().T,
    }
    torch.save({"state_dict": state}, tmp_path / "depthformer.pth")
    with pytest.raises(InputError, match="relative_position_index is not that of 7x7 windows"):
        load_teacher("depthformer", tmp_path / "depthformer.pth", "indoor")
