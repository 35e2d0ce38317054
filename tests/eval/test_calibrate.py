"""The command, from options to a file."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import eval.calibrate as calibrate_module
from eval.calibrate import CalibrateConfig, main
from eval.own_depth import own_depth
from eval.own_image import read_own_image
from eval.predict import PredictConfig, predict_all
from mde.command import run_command
from mde.errors import InputError
from mde.nets.exported import load_exported
from tests.mde.test_exported import write_model

SAID_M = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
"""Depth of the model's answer to the six stripes of a picture, from left to right, each 8 pixels wide."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An exported file: depth is a metre more than brightness."""
    return write_model(tmp_path / "student.onnx")


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    stripes = np.repeat(np.arange(6, dtype=np.uint8) * 51, 8)
    pixels = np.broadcast_to(stripes[None, :, None], (32, 48, 3))
    Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / "hall.png")
    return tmp_path / "hall.png"


def places(hall: Path, scale: float, shift_m: float = 0.0, *, wrong: dict[int, float] | None = None) -> tuple[str, ...]:
    """The middle of every stripe at its true depth, but for those that are `wrong` by a factor."""
    factors = wrong or {}
    return tuple(
        f"{hall}:{8 * index + 4},16:{(scale * said + shift_m) * factors.get(index, 1.0)!r}"
        for index, said in enumerate(SAID_M)
    )


def config(model: Path, *known: str, **changes) -> CalibrateConfig:
    return CalibrateConfig(**{"model": model, "out": model.parent / "own.onnx", "known": known, **changes})


def test_a_known_scale_is_found_though_a_distance_is_wrong(model: Path, hall: Path, capsys) -> None:
    main(config(model, *places(hall, 1.7, wrong={2: 10.0})))
    net = load_exported(model.parent / "own.onnx")
    assert net.spec.calibration is not None and net.spec.calibration.scale == pytest.approx(1.7, rel=1e-5)
    image = torch.rand(1, 3, 50, 70, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(image).depth_m, 1.7 * load_exported(model)(image).depth_m, rtol=1e-5, atol=0.0)
    text = capsys.readouterr().out
    (left_out,) = (line for line in text.splitlines() if "left out" in line)
    assert left_out.startswith(f"{hall}:20,16   23.800    1.400    2.380  -90.0%") and "factor of 10 " in left_out
    assert "rests on 5 of 6 known distances, between 1.70 and 3.40 m" in text
    assert "error to expect: 0.0%" in text and "would not be noticed" not in text


def test_a_run_is_calibrated_by_the_file_that_it_exported(model: Path, hall: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    shutil.copy(model, tmp_path / "run" / "student.onnx")
    main(config(tmp_path / "run", *places(hall, 1.7), out=tmp_path / "by_run.onnx"))
    main(config(model, *places(hall, 1.7), out=tmp_path / "by_file.onnx"))
    assert (tmp_path / "by_run.onnx").read_bytes() == (tmp_path / "by_file.onnx").read_bytes()


def test_a_known_shift_is_found_though_a_distance_is_wrong(model: Path, hall: Path, capsys) -> None:
    main(config(model, *places(hall, 1.5, -1.2, wrong={5: 1.5}), shift=True))
    net = load_exported(model.parent / "own.onnx")
    assert net.spec.calibration is not None
    assert net.spec.calibration.scale == pytest.approx(1.5, rel=1e-5)
    assert net.spec.calibration.shift_m == pytest.approx(-1.2, rel=1e-5)
    assert net.spec.depth_range_m == pytest.approx((0.001, 13.8))
    text = capsys.readouterr().out
    assert "what the student puts nearer than 0.801 m becomes 0.001 m" in text and "at least 0.001 m" in text


def test_two_distances_do_and_it_is_said_that_a_wrong_one_goes_unnoticed(model: Path, hall: Path, capsys) -> None:
    main(config(model, *places(hall, 2.0, wrong={3: 1.1})[2:4]))
    net = load_exported(model.parent / "own.onnx")
    assert net.spec.calibration is not None and net.spec.calibration.scale == pytest.approx(2.0 * 1.1**0.5, rel=1e-5)
    text = capsys.readouterr().out
    assert "a wrong one among these distances would not be noticed; give 5 or more" in text
    assert "error to expect: 10.0%" in text
    main(config(model, *places(hall, 2.0, 1.0)[2:4], shift=True, out=model.parent / "shifted.onnx"))
    text = capsys.readouterr().out
    assert "error to expect: unknown" in text and "give 5 or more at different depths" in text


def test_distances_may_lie_in_several_pictures(model: Path, hall: Path) -> None:
    larger = hall.with_name("larger.png")
    Image.open(hall).resize((96, 64), Image.Resampling.NEAREST).save(larger)
    first, _, third = places(hall, 3.0)[:3]
    main(config(model, first, third, f"{larger}:56,30:4.8"))
    net = load_exported(model.parent / "own.onnx")
    assert net.spec.calibration is not None and net.spec.calibration.scale == pytest.approx(3.0, rel=1e-4)


def test_what_the_file_says_of_a_known_place_is_what_was_known(model: Path, hall: Path) -> None:
    main(config(model, *places(hall, 1.7)))
    depth_m = own_depth(load_exported(model.parent / "own.onnx"), read_own_image(hall), focal_px=None).depth_m
    np.testing.assert_allclose(depth_m[16, 4::8].numpy(), 1.7 * np.array(SAID_M), rtol=1e-5)


def test_prediction_says_calibration_and_refuses_another_factor(
    model: Path, hall: Path, tmp_path: Path, capsys
) -> None:
    main(config(model, *places(hall, 1.7)))
    own = model.parent / "own.onnx"
    options = {"images": (hall,), "model": (own,), "cloud": "none"}
    with pytest.raises(InputError, match=r"own.onnx is calibrated .*leave --focal-px 500 out"):
        predict_all(PredictConfig(**options, out=tmp_path / "out", focal_px=500.0))
    assert not (tmp_path / "out").exists()
    predict_all(PredictConfig(**options, out=tmp_path / "out"))
    assert "note: calibrated: depth' = 1.7 * depth" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"known": ()}, "no known distance is named; a scale takes two or more"),
        ({"known": ("hall.png:4,16:2",)}, "one known distance is named"),
        (
            {"known": ("hall.png:4,16:2", "hall.png:60,16:2")},
            "hall.png:60,16 lies outside the picture, which has 48x32",
        ),
        ({"known": ("hall.png:4,16:2", "hall.png:4,16:-2")}, "-2 is no distance"),
        ({"known": ("hall.png:4,16:2", "absent.png:4,16:2")}, "absent.png does not exist"),
        ({"known": ("hall.png:4,16:2", "broken.png:4,16:2")}, "broken.png is neither a JPEG nor a PNG"),
        ({"known": ("hall.png:4,16:2", "tall.png:4,16:2")}, "hall.png is 48x32 and tall.png 32x48"),
        ({"known": ("hall.png:4,16:2", "hall.png:4,20:3"), "shift": True}, "--shift needs depths that differ"),
        ({"known": ("hall.png:4,16:3", "hall.png:44,16:2"), "shift": True}, "no scale above 0"),
        ({"out": Path("student.onnx")}, "is the model itself"),
        ({"out": Path("./hall.png")}, "hall.png exists"),
        ({"out": Path("own.pt")}, "own.pt does not end in .onnx"),
        ({"model": Path("absent.onnx")}, "absent.onnx does not exist"),
        ({"model": Path("broken.onnx")}, "broken.onnx is no ONNX model"),
        ({"model": Path("run")}, "export first: python -m distill.export --run run --to onnx"),
        ({"model": Path("student.pt")}, "student.pt is no .onnx file and holds no student.onnx; export first"),
    ],
)
def test_wrong_input_ends_in_one_line_and_status_two(
    model: Path, hall: Path, changes: dict, words: str, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(model.parent)
    Path("broken.png").write_text("hello")
    Path("broken.onnx").write_text("hello")
    Path("run").mkdir()
    Image.open(hall).rotate(90, expand=True).save("tall.png")
    before = {path: path.stat().st_mtime_ns for path in Path().iterdir()}
    options = {
        "model": Path("student.onnx"),
        "out": Path("own.onnx"),
        "known": places(Path("hall.png"), 2.0),
        **changes,
    }
    arguments = [f"--{name}" for name, value in options.items() if value is True]
    for name in ("model", "out"):
        arguments += [f"--{name}", str(options[name])]
    monkeypatch.setattr(sys, "argv", ["eval.calibrate", *arguments, "--known", *options["known"]])
    with pytest.raises(SystemExit) as left:
        run_command(main, CalibrateConfig, "eval.calibrate")
    message = capsys.readouterr().err
    assert left.value.code == 2 and words in message and "Traceback" not in message
    assert len(message.strip().splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in Path().iterdir()} == before


def test_a_calibrated_file_is_not_calibrated_again(model: Path, hall: Path) -> None:
    main(config(model, *places(hall, 1.7)))
    with pytest.raises(InputError, match=r"own.onnx is calibrated already \(depth' = 1.7 \* depth\)"):
        main(config(model.parent / "own.onnx", *places(hall, 1.7), out=model.parent / "again.onnx"))
    assert not (model.parent / "again.onnx").exists()


def test_a_file_that_does_not_do_what_it_should_is_not_kept(model: Path, hall: Path, monkeypatch) -> None:
    monkeypatch.setattr(calibrate_module, "calibrated_onnx", lambda content, _: content)
    with pytest.raises(InputError, match="it was not written"):
        main(config(model, *places(hall, 1.7)))
    assert sorted(os.listdir(model.parent)) == ["hall.png", "student.onnx"]


def test_a_shift_that_leaves_no_depth_is_refused(model: Path, hall: Path) -> None:
    """The range ends at 10 m, and a line of this slope is before the camera from 12 m on."""
    red = write_model(model.with_name("short.onnx"), depth_range_m="0.5 1.05")
    with pytest.raises(InputError, match="leaves nothing of 0.5 to 1.05 m before the camera"):
        main(config(red, *places(hall, 1.5, -1.7)[2:], shift=True))
