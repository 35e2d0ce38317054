"""The painter with a pipeline of stand-in parts, and with tiny pipelines in the real file format."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mde.errors import InputError
from mde.record import Record
from mde.shards import ShardReader
from synth import painter as painter_module
from synth.painter import Brush, Painter, depth_condition, painting_stream, working_size
from synth.pipeline_folder import CONTROLNET, DEPTH2IMG, PipelineFolder, read_pipeline_folder
from synth.prompts import NEGATIVE_PROMPT
from synth.reskin import PAINTED, paint_shards
from synth.verdict import Judge
from tests.synth.boxes import box_record, write_boxes
from tests.synth.tiny_pipeline import LATENT_PX, save_controlnet, save_depth2img

CPU = torch.device("cpu")
BRUSH = Brush(strength=0.7, num_steps=4)


def test_depth_is_given_as_inverse_depth_with_the_background_farthest():
    depth_m = np.full((20, 20), 4.0, dtype=np.float32)
    depth_m[:5], depth_m[15:], depth_m[10, 10] = 0.0, 1.0, 0.01
    condition = depth_condition(depth_m)
    assert condition.dtype == np.float32 and condition.min() == 0.0 and condition.max() == 1.0
    assert (condition[:5] == 0.0).all() and (condition[15:] == 1.0).all() and condition[10, 10] == 1.0
    assert condition[7, 7] == pytest.approx(0.25)
    indoor = depth_condition(np.linspace(1.0, 2.0, 400, dtype=np.float32).reshape(20, 20))
    assert indoor[-1, -1] == 0.0, "without a background the farthest pixel is the end of the scale"
    assert (depth_condition(np.zeros((3, 4), np.float32)) == 0.0).all()
    assert np.isfinite(depth_condition(np.full((3, 4), 2.0, np.float32))).all()


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((480, 640), (512, 688)),
        ((512, 512), (512, 512)),
        ((375, 1242), (512, 1696)),
        ((1000, 1003), (1000, 1008)),
    ],
)
def test_a_model_paints_in_whole_latents_and_never_below_its_own_size(size, wanted):
    assert working_size(size, own_px=512, latent_px=8) == wanted


def test_every_record_has_a_stream_of_its_own_and_foreign_records_are_refused():
    draws = [painting_stream(box_record(index)).integers(2**62) for index in (0, 1, 0)]
    assert draws[0] == draws[2] != draws[1]
    record = box_record(0)
    assert painting_stream(replace(record, recipe={**record.recipe, "seed": 8})).integers(2**62) != draws[0]
    with pytest.raises(InputError, match="has no 'index' in its recipe"):
        painting_stream(replace(record, recipe={"seed": 7, "scene": "indoor/kitchen"}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strength": 0.0}, "--reskin-strength 0.0 is not a share"),
        ({"strength": 1.2}, "--reskin-strength 1.2 is not a share"),
        ({"strength": 0.3, "num_steps": 3}, "--reskin-steps 3 leaves no step at strength 0.3; give 4 or more"),
    ],
)
def test_brushes_that_paint_nothing_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        Brush(**values)


def test_a_missing_extra_is_answered_with_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    folder = PipelineFolder(path=tmp_path, pipeline=CONTROLNET, networks=(), sha256="0" * 64)
    with pytest.raises(
        InputError, match=r"not installed \(diffusers\); run: pip install 'depth-distillation\[reskin\]'"
    ):
        Painter(folder, BRUSH, CPU)


class StandIn:
    """Looks like a pipeline and answers what `answer` makes of the arguments."""

    vae_scale_factor = 8
    unet = SimpleNamespace(config=SimpleNamespace(sample_size=8))

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []

    def to(self, device: torch.device, dtype: torch.dtype) -> StandIn:
        return self

    def set_progress_bar_config(self, *, disable: bool) -> None:
        assert disable

    def __call__(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        return self.answer(arguments)


def stand_in(monkeypatch, pipeline: str, answer: Callable[[dict[str, Any]], Any]) -> tuple[Painter, StandIn]:
    fake = StandIn(answer)
    monkeypatch.setattr(painter_module, "_load", lambda folder: fake)
    folder = PipelineFolder(path=Path("model"), pipeline=pipeline, networks=(), sha256="0" * 64)
    return Painter(folder, BRUSH, CPU), fake


def echo(arguments: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(images=arguments["image"])


def test_the_painting_comes_back_at_the_size_of_the_render_and_in_place(monkeypatch):
    painter, fake = stand_in(monkeypatch, CONTROLNET, echo)
    record = box_record(0)
    painting = painter.paint(record)
    assert fake.calls[0]["image"].shape == fake.calls[0]["control_image"].shape == (1, 3, 64, 88)
    assert painting.image.shape == record.image.shape and painting.fault is None
    assert np.abs(painting.image.astype(int) - record.image).mean() < 4.0


def test_both_kinds_of_pipeline_get_the_depth_where_they_look_for_it(monkeypatch):
    record = box_record(0)
    painter, fake = stand_in(monkeypatch, CONTROLNET, echo)
    painter.paint(record)
    depth = fake.calls[0]["control_image"]
    painter, fake = stand_in(monkeypatch, DEPTH2IMG, echo)
    painter.paint(record)
    assert torch.equal(fake.calls[0]["depth_map"], depth[:, 0]) and "control_image" not in fake.calls[0]
    assert float(depth.min()) >= 0.0 and float(depth.max()) <= 1.0


def test_prompt_noise_and_settings_reach_the_pipeline(monkeypatch):
    painter, fake = stand_in(monkeypatch, CONTROLNET, echo)
    painting = painter.paint(box_record(3))
    (call,) = fake.calls
    assert call["prompt"] == painting.prompt and "kitchen" in painting.prompt
    assert call["negative_prompt"] == NEGATIVE_PROMPT
    assert (call["strength"], call["num_inference_steps"]) == (0.7, 4)
    assert call["generator"].device == CPU
    painter.paint(box_record(4))
    assert call["generator"].initial_seed() != fake.calls[1]["generator"].initial_seed()


def test_broken_numbers_and_refused_images_are_faults(monkeypatch):
    def broken(arguments: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(images=arguments["image"] * float("nan"))

    def refused(arguments: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(images=arguments["image"], nsfw_content_detected=[True])

    for answer, fault in ((broken, "not finite"), (refused, "safety checker")):
        painter, _ = stand_in(monkeypatch, CONTROLNET, answer)
        assert fault in str(painter.paint(box_record(0)).fault)


def test_the_identity_changes_with_model_and_brush(monkeypatch):
    painter, _ = stand_in(monkeypatch, CONTROLNET, echo)
    assert painter.identity == {
        "model": "model",
        "model_sha256": "0" * 64,
        "pipeline": CONTROLNET,
        "strength": 0.7,
        "num_steps": 4,
        "guidance": 7.5,
        "device": "cpu",
        "dtype": "float32",
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    pytest.importorskip("diffusers", reason="the extra 'reskin' is not installed")
    root = tmp_path_factory.mktemp("pipelines")
    return {CONTROLNET: save_controlnet(root / "controlnet"), DEPTH2IMG: save_depth2img(root / "depth2img")}


@pytest.fixture(scope="module")
def painters(folders) -> dict[str, Painter]:
    return {kind: Painter(read_pipeline_folder(path), BRUSH, CPU) for kind, path in folders.items()}


def odd_record(index: int) -> Record:
    """35 x 47 pixels: no multiple of any latent pixel."""
    record = box_record(index)
    return replace(
        record,
        image=record.image[:35, :47],
        depth_m=record.depth_m[:35, :47],
        ids=record.ids[:35, :47],
        camera=record.camera.crop(0, 0, 35, 47),
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [CONTROLNET, DEPTH2IMG])
class TestTinyPipelines:
    def test_a_painting_depends_on_its_record_alone_to_the_byte(self, painters, kind):
        first = painters[kind].paint(odd_record(0))
        other = painters[kind].paint(odd_record(1))
        again = painters[kind].paint(odd_record(0))
        assert first.fault is None and first.image.shape == (35, 47, 3) and first.image.std() > 1.0
        assert np.array_equal(first.image, again.image) and first.prompt == again.prompt
        assert not np.array_equal(first.image, other.image)

    def test_the_depth_and_the_colours_both_steer_the_painting(self, painters, kind):
        record = box_record(0)
        plain = painters[kind].paint(record).image
        moved = painters[kind].paint(replace(record, depth_m=np.ascontiguousarray(record.depth_m[:, ::-1]))).image
        dark = painters[kind].paint(replace(record, image=record.image // 4)).image
        assert not np.array_equal(plain, moved) and not np.array_equal(plain, dark)

    def test_the_same_weights_in_another_folder_paint_the_same(self, folders, painters, kind, tmp_path):
        moved = tmp_path / "moved"
        shutil.copytree(folders[kind], moved)
        fresh = Painter(read_pipeline_folder(moved), BRUSH, CPU)
        assert fresh.identity["model_sha256"] == painters[kind].identity["model_sha256"]
        assert np.array_equal(fresh.paint(box_record(2)).image, painters[kind].paint(box_record(2)).image)

    def test_weights_that_are_missing_or_cut_off_are_refused_in_one_line(self, folders, kind, tmp_path):
        for damage, message in ((_drop_a_weight, "lacks 1 weights, such as"), (_cut_off, "cannot be loaded as")):
            folder = tmp_path / damage.__name__
            shutil.copytree(folders[kind], folder)
            (file,) = (folder / "unet").glob("*.safetensors")
            damage(file)
            with pytest.raises(InputError, match=message) as caught:
                Painter(read_pipeline_folder(folder), BRUSH, CPU)
            assert "\n" not in str(caught.value)


@pytest.mark.slow
class TestFolders:
    def test_a_network_of_the_other_pipeline_is_refused(self, folders, tmp_path):
        folder = tmp_path / "mixed"
        shutil.copytree(folders[CONTROLNET], folder)
        shutil.rmtree(folder / "unet")
        shutil.copytree(folders[DEPTH2IMG] / "unet", folder / "unet")
        with pytest.raises(InputError, match=f"takes 5 channels, {CONTROLNET} needs 4"):
            Painter(read_pipeline_folder(folder), BRUSH, CPU)

    def test_a_folder_saved_with_pickles_is_refused(self, folders, tmp_path):
        from diffusers import UNet2DConditionModel

        folder = tmp_path / "pickled"
        shutil.copytree(folders[CONTROLNET], folder)
        UNet2DConditionModel.from_pretrained(folder / "unet").save_pretrained(folder / "unet", safe_serialization=False)
        with pytest.raises(InputError, match="can run code when it is loaded"):
            read_pipeline_folder(folder)

    def test_shards_are_painted_by_a_real_pipeline_and_stay_readable(self, painters, tmp_path):
        plain = write_boxes(tmp_path / "plain", 2)
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            paint_shards(plain, tmp_path / name, painters[CONTROLNET], Judge(), on_record=lambda: None)
        assert (tmp_path / "first" / "shard-00000.tar").read_bytes() == (
            tmp_path / "second" / "shard-00000.tar"
        ).read_bytes()
        reader = ShardReader(tmp_path / "first")
        facts = [reader[number].recipe[PAINTED] for number in range(2)]
        assert all(fact["model"] == "controlnet" and fact["prompt"] for fact in facts)
        notes = reader.index.notes[PAINTED]
        assert notes["num_painted"] + notes["num_kept_plain"] == 2

    def test_the_tiny_pipelines_halve_images_once(self, painters):
        assert painters[CONTROLNET]._pipeline.vae_scale_factor == LATENT_PX


def _drop_a_weight(file: Path) -> None:
    tensors = load_file(file)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, file, metadata={"format": "pt"})


def _cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
