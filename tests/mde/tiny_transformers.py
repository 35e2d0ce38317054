"""Depth networks of a few thousand random weights, saved in the format of the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

VIT: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2}
NECK: dict[str, Any] = {"neck_hidden_sizes": [4, 6, 8, 8], "fusion_hidden_size": 8}


def save_depth_anything(folder: Path, **options: Any) -> Path:
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

    backbone = Dinov2Config(
        **VIT, mlp_ratio=2, image_size=70, patch_size=14, out_indices=[1, 2, 3, 4], reshape_hidden_states=False
    )
    config = DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, head_hidden_size=4, **NECK, **options
    )
    processor = DPTImageProcessor(
        size={"height": 70, "width": 70},
        keep_aspect_ratio=True,
        ensure_multiple_of=14,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    return _save(folder, DepthAnythingForDepthEstimation, config, processor)


def save_dpt(folder: Path, **processing: Any) -> Path:
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

    config = DPTConfig(
        **VIT, intermediate_size=16, image_size=64, backbone_out_indices=[0, 1, 2, 3], is_hybrid=False, **NECK
    )
    processor = DPTImageProcessor(size={"height": 64, "width": 64}, **processing)
    return _save(folder, DPTForDepthEstimation, config, processor)


def save_glpn(folder: Path, **options: Any) -> Path:
    from transformers import GLPNConfig, GLPNForDepthEstimation, GLPNImageProcessor

    config = GLPNConfig(
        **{
            "depths": [1, 1, 1, 1],
            "hidden_sizes": [4, 4, 8, 8],
            "num_attention_heads": [1, 1, 2, 2],
            "mlp_ratios": [2, 2, 2, 2],
            "decoder_hidden_size": 8,
            **options,
        }
    )
    return _save(folder, GLPNForDepthEstimation, config, GLPNImageProcessor())


def save_zoedepth(folder: Path, *, num_domains: int = 1) -> Path:
    from transformers import BeitConfig, ZoeDepthConfig, ZoeDepthForDepthEstimation, ZoeDepthImageProcessor

    backbone = BeitConfig(
        **VIT,
        intermediate_size=16,
        image_size=64,
        patch_size=16,
        use_relative_position_bias=True,
        reshape_hidden_states=False,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    ranges = [("nyu", 10.0), ("kitti", 80.0)][:num_domains]
    config = ZoeDepthConfig(
        backbone_config=backbone,
        bottleneck_features=8,
        num_relative_features=4,
        num_attractors=[4, 2, 2, 1],
        bin_embedding_dim=8,
        bin_configurations=[{"name": n, "n_bins": 8, "min_depth": 1e-3, "max_depth": m} for n, m in ranges],
        num_patch_transformer_layers=4,
        patch_transformer_hidden_size=128,
        patch_transformer_intermediate_size=8,
        patch_transformer_num_attention_heads=2,
        **NECK,
    )
    processor = ZoeDepthImageProcessor(
        size={"height": 64, "width": 96}, ensure_multiple_of=32, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    return _save(folder, ZoeDepthForDepthEstimation, config, processor)


def _save(folder: Path, network: type[nn.Module], config: Any, processor: Any) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = network(config)
        for weight in model.parameters():
            if weight.ndim > 1:
                nn.init.normal_(weight, std=(1.0 / weight[0].numel()) ** 0.5)
            else:
                nn.init.normal_(weight, mean=0.5, std=0.1)
        if config.model_type in ("dpt", "depth_anything"):
            last = [module for module in model.head.modules() if isinstance(module, nn.Conv2d)][-1]
            nn.init.constant_(last.bias, 5.0)  # in front of a ReLU, behind which there would be nothing but zeros
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
