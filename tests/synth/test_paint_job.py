"""`--reskin` from the command's side: wrong input is refused before a render is made, the report names the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import synth.generate as command
from mde.errors import InputError
from mde.files import write_json
from mde.record import Record
from mde.shards import ShardIndex, ShardReader, read_index
from synth.assets import Prepared
from synth.generate import generate, main, plan_text
from synth.generate_config import GenerateConfig, resolved
from synth.paint_job import PLAIN, read_job
from synth.painter import Brush, Painter, Painting
from synth.renderer import Choice
from synth.reskin import PAINTED
from tests.synth.boxes import write_boxes
from tests.synth.test_pipeline_folder import INDEX, write_folder


@pytest.fixture
def model(tmp_path) -> Path:
    return write_folder(tmp_path / "model", INDEX)


@pytest.fixture
def boxes_for_renders(monkeypatch) -> list[GenerateConfig]:
    """Boxes instead of OpenGL, and swapped colours instead of diffusion; answers what was asked to be rendered."""
    asked: list[GenerateConfig] = []
    real = command._generate_plain

    def render(config: GenerateConfig, choice: Choice, prepared: Prepared | None) -> ShardIndex | None:
        if config.out is None or config.out.name != PLAIN:
            return real(config, choice, prepared)
        asked.append(config)
        write_boxes(Path(str(config.out)), config.n)
        write_json(
            Path(str(config.out)) / "report.json", {"command": "synth.generate", "images_per_s": 3.0, "target": None}
        )
        return read_index(Path(str(config.out)))

    def paint(self: Painter, record: Record) -> Painting:
        return Painting(image=np.ascontiguousarray(record.image[..., ::-1]), prompt="swapped", fault=None)

    def hold(self: Painter, folder, brush, device) -> None:
        self._folder, self._brush, self._device, self._dtype = folder, brush, device, "torch.none"

    monkeypatch.setattr(command, "_generate_plain", render)
    monkeypatch.setattr(Painter, "__init__", hold)
    monkeypatch.setattr(Painter, "paint", paint)
    return asked


def test_a_painted_run_keeps_the_renders_beside_the_paintings_and_reports_the_model(tmp_path, model, boxes_for_renders):
    out = tmp_path / "out"
    index = generate(GenerateConfig(n=4, out=out, reskin=model, reskin_steps=9))
    assert boxes_for_renders[0].out == out / PLAIN and boxes_for_renders[0].reskin is None
    assert boxes_for_renders[0].reskin_steps == GenerateConfig(n=4).reskin_steps
    assert len(ShardReader(out)) == len(ShardReader(out / PLAIN)) == 4
    report = json.loads((out / "report.json").read_text())
    assert report["painting"]["num_painted"] == 4 and report["painting"]["num_steps"] == 9
    assert report["painting"]["model_sha256"] == index.notes[PAINTED]["model_sha256"]
    assert report["config"]["reskin"] == model.as_posix() and (out / "contact.png").is_file()


def test_the_command_says_that_the_model_knew_real_images(tmp_path, model, boxes_for_renders, capsys, monkeypatch):
    monkeypatch.setattr(command, "generate", generate)
    monkeypatch.setattr(command, "_generate_painted", lambda config, folder, choice, prepared: _index_of(tmp_path))
    (tmp_path / "out").mkdir()
    write_json(tmp_path / "out" / "report.json", {"images_per_s": None, "target": None})
    main(GenerateConfig(n=4, out=tmp_path / "out", reskin=model))
    said = capsys.readouterr().out
    assert "3 images painted, 1 kept plain; painted by little (sha256 aaaaaaaaaaaa), a model that was itself" in said


def _index_of(directory: Path) -> ShardIndex:
    notes = {PAINTED: {"num_painted": 3, "num_kept_plain": 1, "model": "little", "model_sha256": "a" * 64}}
    return ShardIndex(
        origin="synthetic", domain="indoor", num_records=4, config={}, config_sha256="0" * 64, shards=(), notes=notes
    )


def test_a_wrong_model_folder_is_refused_before_anything_is_rendered(tmp_path, model, boxes_for_renders):
    (model / "unet" / "model.bin").write_bytes(b"")
    for folder, message in ((model, "can run code"), (tmp_path / "none", "is not a folder")):
        with pytest.raises(InputError, match=message):
            generate(GenerateConfig(n=1, out=tmp_path / "out", reskin=folder))
    assert not (tmp_path / "out").exists() and boxes_for_renders == []


def test_options_of_painting_without_a_model_are_refused(tmp_path):
    with pytest.raises(InputError, match="--reskin-strength, --reskin-steps says how to paint and nothing is painted"):
        generate(GenerateConfig(n=1, out=tmp_path / "out", reskin_strength=0.5, reskin_steps=5))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_paintings_takes_no_plain_renders(tmp_path, model, boxes_for_renders):
    out = tmp_path / "out"
    generate(GenerateConfig(n=2, out=out, reskin=model))
    with pytest.raises(InputError, match="holds a run with --reskin"):
        generate(GenerateConfig(n=2, out=out))


def test_the_plan_names_the_model_and_its_disk(tmp_path, model):
    text = plan_text(resolved(GenerateConfig(n=120, out=tmp_path / "out", reskin=model)))
    assert f"then painted with {model}, which takes as much disk again" in text
    assert "painted" not in plan_text(resolved(GenerateConfig(n=120, out=tmp_path / "out")))


def test_teachers_that_cannot_judge_are_refused(model):
    with pytest.raises(InputError, match="add --reskin-teacher NAME"):
        read_job(model, Brush(), teacher=None, weights=Path("x.pth"), domain="indoor")
    with pytest.raises(InputError, match="teacher 'nobody' is unknown"):
        read_job(model, Brush(), teacher="nobody", weights=None, domain="indoor")
