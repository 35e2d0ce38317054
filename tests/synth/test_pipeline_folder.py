"""A folder is refused before anything of it is loaded, and known by its content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mde.errors import InputError
from synth.pipeline_folder import CONTROLNET, DEPTH2IMG, read_pipeline_folder

INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionControlNetPipeline",
    "_diffusers_version": "0.42.1",
    "controlnet": ["diffusers", "ControlNetModel"],
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
WEIGHTS = ("unet", "vae", "text_encoder", "controlnet")


def write_folder(path: Path, index: dict[str, Any]) -> Path:
    path.mkdir()
    (path / "model_index.json").write_text(json.dumps(index))
    for name, value in index.items():
        if isinstance(value, list) and value[0] is not None:
            (path / name).mkdir()
            (path / name / "config.json").write_text("{}")
            if name in WEIGHTS:
                (path / name / "model.safetensors").write_bytes(b"weights of " + name.encode())
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_folder(tmp_path / "model", INDEX)


def test_a_controlnet_folder_paints_image_to_image(folder):
    found = read_pipeline_folder(folder)
    assert (found.pipeline, found.name) == (CONTROLNET, "model")
    assert set(found.networks) == set(WEIGHTS)


def test_a_depth2img_folder_needs_no_depth_estimator(tmp_path):
    index = {key: value for key, value in INDEX.items() if key not in ("controlnet", "safety_checker")}
    index |= {"_class_name": DEPTH2IMG, "depth_estimator": ["transformers", "DPTForDepthEstimation"]}
    folder = write_folder(tmp_path / "depth", index)
    found = read_pipeline_folder(folder)
    assert found.pipeline == DEPTH2IMG and "controlnet" not in found.networks
    (folder / "depth_estimator" / "model.safetensors").write_bytes(b"not looked at")
    assert read_pipeline_folder(folder).sha256 == found.sha256


def test_the_digest_is_of_content_and_not_of_the_place(folder, tmp_path):
    before = read_pipeline_folder(folder).sha256
    (folder / "README.md").write_text("a model card is not loaded")
    assert read_pipeline_folder(folder).sha256 == before
    assert read_pipeline_folder(folder.rename(tmp_path / "moved")).sha256 == before
    (tmp_path / "moved" / "unet" / "model.safetensors").write_bytes(b"others")
    assert read_pipeline_folder(tmp_path / "moved").sha256 != before


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.bin", "pipeline.py", "vae/model.CKPT", "unet/x.pt"])
def test_pickles_and_code_are_refused_even_beside_safetensors(folder, name):
    (folder / name).write_bytes(b"")
    with pytest.raises(InputError, match="can run code when it is loaded; keep only .safetensors"):
        read_pipeline_folder(folder)


def test_networks_without_safetensors_are_refused(folder):
    (folder / "vae" / "model.safetensors").unlink()
    with pytest.raises(InputError, match="vae holds no .safetensors file"):
        read_pipeline_folder(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_class_name": "StableDiffusionPipeline"}, "does not paint by depth; expected StableDiffusionControlNet"),
        ({"_class_name": ["my_pipeline", "MyPipeline"]}, "does not paint by depth"),
        ({"controlnet": [None, None]}, "has nothing for controlnet; expected diffusers.ControlNetModel"),
        ({"unet": ["my_unet", "MyUNet"]}, "has my_unet.MyUNet for unet; expected diffusers.UNet2DConditionModel"),
        ({"scheduler": ["my_scheduler", "Mine"]}, "takes scheduler from 'my_scheduler', which would run foreign code"),
    ],
)
def test_other_classes_are_refused_in_one_line(tmp_path, changes, message):
    folder = write_folder(tmp_path / "other", {**INDEX, **changes})
    with pytest.raises(InputError) as caught:
        read_pipeline_folder(folder)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_pipeline_is_refused(tmp_path, folder):
    with pytest.raises(InputError, match="is not a folder"):
        read_pipeline_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="has no model_index.json"):
        read_pipeline_folder(tmp_path)
    (folder / "model_index.json").write_text("[]")
    with pytest.raises(InputError, match="not a list of parts"):
        read_pipeline_folder(folder)
    (folder / "model_index.json").write_text(json.dumps({**INDEX, "../outside": ["diffusers", "X"]}))
    with pytest.raises(InputError, match="is no folder"):
        read_pipeline_folder(folder)
