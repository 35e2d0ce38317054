"""The command, from options to files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval.predict import PredictConfig, folder_names, main, predict_all
from mde.command import run_command
from mde.errors import IncompleteError, InputError
from mde.record import decode_uint16
from tests.mde.test_exported import write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An exported file: depth is a metre more than brightness."""
    return write_model(tmp_path / "student.onnx")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two folders with a picture of one name each."""
    for number, folder in enumerate(("a", "b")):
        (tmp_path / "images" / folder).mkdir(parents=True)
        pixels = np.full((32, 48, 3), 51 * (number + 1), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / folder / "hall.png")
    return tmp_path / "images"


def config(model: Path, out: Path, *images: Path, **changes) -> PredictConfig:
    return PredictConfig(images=images, out=out, model=(model,), **changes)


def test_pictures_of_one_name_become_files_of_two(model: Path, images: Path, tmp_path: Path, capsys) -> None:
    main(config(model, tmp_path / "out", images / "a", images / "b" / "hall.png"))
    folder = tmp_path / "out" / "student.onnx"
    for name, metres in (("hall", 1.2), ("b_hall", 1.4)):
        stored = decode_uint16((folder / f"{name}_depth.png").read_bytes())
        assert stored.shape == (32, 48) and set(stored.ravel()) == {round(1000 * metres)}
        assert (folder / f"{name}_colours.png").is_file() and (folder / f"{name}_cloud.ply").is_file()
    assert "rounded by at most 0.5 mm" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [image["name"] for image in report["images"]] == ["hall", "b_hall"] and report["failed"] == []


def test_a_bad_picture_is_named_and_the_others_go_on(model: Path, images: Path, tmp_path: Path, capsys) -> None:
    (images / "a" / "bad.jpg").write_text("hello")
    with pytest.raises(IncompleteError, match="2 of the images could not be used"):
        main(config(model, tmp_path / "out", images / "a", Path("absent.jpg")))
    message = capsys.readouterr().err
    assert "bad.jpg is neither" in message and "absent.jpg does not exist" in message
    assert (tmp_path / "out" / "student.onnx" / "hall_depth.png").is_file()
    assert len(json.loads((tmp_path / "out" / "report.json").read_text())["failed"]) == 2


def test_pictures_may_be_added_and_what_is_there_stays(model: Path, images: Path, tmp_path: Path) -> None:
    first = config(model, tmp_path / "out", images / "a", cloud="none")
    predict_all(first)
    depth = tmp_path / "out" / "student.onnx" / "hall_depth.png"
    before = depth.stat().st_mtime_ns
    predict_all(config(model, tmp_path / "out", images / "b", images / "a", cloud="none"))
    assert depth.stat().st_mtime_ns == before
    assert (tmp_path / "out" / "student.onnx" / "b_hall_depth.png").is_file()
    with pytest.raises(InputError, match="--cloud none .now ply."):
        predict_all(config(model, tmp_path / "out", images / "a"))
    with pytest.raises(InputError, match="is no run of 'eval.predict'"):
        predict_all(config(model, images, images / "a"))


def test_a_changed_picture_is_looked_at_again(model: Path, images: Path, tmp_path: Path) -> None:
    settings = config(model, tmp_path / "out", images / "a", cloud="none")
    predict_all(settings)
    Image.fromarray(np.full((32, 48, 3), 255, np.uint8)).save(images / "a" / "hall.png")
    predict_all(settings)
    assert decode_uint16((tmp_path / "out" / "student.onnx" / "hall_depth.png").read_bytes()).max() == 2000


def test_a_broken_network_is_refused_before_anything_is_written(images: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(write_model(tmp_path / "student.onnx"))
    model.graph.initializer[1].float_data[:] = [float("nan")]
    onnx.save(model, tmp_path / "nan.onnx")
    with pytest.raises(InputError, match="nan.onnx answers NaN"):
        predict_all(config(tmp_path / "nan.onnx", tmp_path / "out", images / "a"))
    assert not (tmp_path / "out").exists()


def test_folders_of_networks_are_never_shared() -> None:
    assert folder_names(("x/a", "x_a", "b")) == {"x/a": "x_a", "x_a": "x_a_2", "b": "b"}


@pytest.mark.parametrize(
    "options, words",
    [
        ([], "no image to look at"),
        (["a.jpg"], "no network to ask"),
        (["--weights", "w.pth", "--model", "m", "a.jpg"], "--weights and --domain"),
        (["--model", "m", "--focal-px", "-3", "a.jpg"], "--focal-px -3"),
        (["--model", "m", "absent_1.jpg", "absent_2.jpg"], "absent_1.jpg does not exist, nor"),
        (["--teacher", "demo", "README.md"], "needs --domain"),
    ],
)
def test_wrong_input_ends_in_one_line_and_status_two(
    options: list[str], words: str, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["eval.predict", "--out", str(tmp_path / "out"), *options])
    with pytest.raises(SystemExit) as left:
        run_command(main, PredictConfig, "eval.predict")
    message = capsys.readouterr().err
    assert left.value.code == 2 and words in message and "Traceback" not in message
    assert not (tmp_path / "out").exists()
