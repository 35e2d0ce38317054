"""Depth-conditioned pipelines of a few thousand random weights, saved in the format of the real ones."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import torch

BLOCKS: dict[str, Any] = {"block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
ATTENTION: dict[str, Any] = {"cross_attention_dim": 8, "attention_head_dim": 4}
LATENT_PX = 2
"""Two levels halve the image once; the real ones have four and halve it three times."""


def save_controlnet(folder: Path) -> Path:
    """A StableDiffusionControlNetPipeline folder."""
    from diffusers import ControlNetModel, StableDiffusionControlNetPipeline

    with torch.random.fork_rng():
        torch.manual_seed(0)
        controlnet = ControlNetModel(
            in_channels=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            conditioning_embedding_out_channels=(4, 8),
            **BLOCKS,
            **ATTENTION,
        )
        for weight in controlnet.parameters():  # its last layers start at zero, so that it would say nothing
            torch.nn.init.normal_(weight, std=0.2)
        parts = _parts(folder.parent, in_channels=4)
    pipeline = StableDiffusionControlNetPipeline(
        **parts, controlnet=controlnet, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def save_depth2img(folder: Path) -> Path:
    """A StableDiffusionDepth2ImgPipeline folder, with a depth estimator as the published ones have."""
    from diffusers import StableDiffusionDepth2ImgPipeline
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = DPTConfig(
            hidden_size=8,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=8,
            image_size=32,
            backbone_out_indices=[0, 1, 2, 3],
            neck_hidden_sizes=[4, 4, 4, 4],
            fusion_hidden_size=4,
            is_hybrid=False,
        )
        parts = _parts(folder.parent, in_channels=5)
        estimator = DPTForDepthEstimation(config)
    pipeline = StableDiffusionDepth2ImgPipeline(
        **parts, depth_estimator=estimator, feature_extractor=DPTImageProcessor()
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _parts(scratch: Path, *, in_channels: int) -> dict[str, Any]:
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer = _tokenizer(scratch / "tokenizer")
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return {
        "unet": UNet2DConditionModel(
            sample_size=8,
            in_channels=in_channels,
            out_channels=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            **BLOCKS,
            **ATTENTION,
        ),
        "vae": AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            **BLOCKS,
        ),
        "text_encoder": CLIPTextModel(text),
        "tokenizer": tokenizer,
        "scheduler": DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
    }


def _tokenizer(folder: Path) -> Any:
    """Single characters, inside a word and at its end: enough for any prompt in ASCII."""
    from transformers import CLIPTokenizer

    folder.mkdir(exist_ok=True)
    characters = string.ascii_lowercase + string.digits + string.punctuation
    words = [*characters, *(f"{letter}</w>" for letter in characters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
