from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import distill.program as program_module
from distill.program import Bounds, Program, checked_path, relative_errors, write_files, write_program
from mde.errors import InputError
from tests.conftest import make_teacher

NET = make_teacher()
PROBES = torch.rand(3, 3, 32, 48, generator=torch.Generator().manual_seed(0))


def program(change: Callable[[np.ndarray], np.ndarray], *, takes_any_size: bool = True) -> Program:
    """The network itself, with an answer that is changed."""

    def run(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return change(NET.core(torch.from_numpy(images)).depth_m.numpy())

    return Program(
        files={".onnx": b"model", ".bin": b"weights"}, runtime="a runtime", run=run, takes_any_size=takes_any_size
    )


def test_a_program_with_the_same_depth_is_written_with_its_figures(tmp_path: Path) -> None:
    report = write_program(program(lambda m: m * 1.01), NET, tmp_path / "s.onnx", PROBES, Bounds(mean=0.011))
    assert report.mean_relative_error == pytest.approx(0.01, rel=1e-3)
    assert report.max_relative_error == pytest.approx(0.01, rel=1e-3)
    assert (tmp_path / "s.onnx").read_bytes() == b"model" and (tmp_path / "s.bin").read_bytes() == b"weights"


def one_pixel(depth_m: np.ndarray) -> np.ndarray:
    depth_m = depth_m.copy()
    depth_m[0, 0, 5, 7] *= 1.5
    return depth_m


@pytest.mark.parametrize(
    "change, bounds, name",
    [
        (one_pixel, Bounds(worst=0.4), "worst"),
        (lambda m: m * 1.2, Bounds(percentile_99=0.19), "percentile 99"),
        (lambda m: m * 1.2, Bounds(mean=0.19), "mean"),
        (lambda m: m * np.float32("nan"), Bounds(worst=1.0), "worst"),
        (lambda m: m * np.float32("nan"), Bounds(mean=1.0), "mean"),
    ],
)
def test_a_program_beyond_its_bound_is_not_written(tmp_path: Path, change, bounds: Bounds, name: str) -> None:
    (tmp_path / "s.onnx").write_bytes(b"old")
    with pytest.raises(InputError, match=rf"was not written: the depth of a runtime is off by .*\({name} over"):
        write_program(program(change), NET, tmp_path / "s.onnx", PROBES, bounds)
    assert os.listdir(tmp_path) == ["s.onnx"] and (tmp_path / "s.onnx").read_bytes() == b"old"


def test_one_wrong_pixel_does_not_move_the_mean(tmp_path: Path) -> None:
    errors = relative_errors(program(one_pixel), NET, PROBES)
    assert errors.max() == pytest.approx(0.5, rel=1e-5) and errors.mean() < 1e-3


def test_a_size_that_was_baked_in_is_seen(tmp_path: Path) -> None:
    """Right at native size and wrong elsewhere."""
    baked = program(lambda m: m if m.shape[-2:] == (32, 48) else m * 1.5)
    assert relative_errors(baked, NET, PROBES).max() == pytest.approx(0.5, rel=1e-5)
    fixed = program(lambda m: m if m.shape == (1, 1, 32, 48) else m * 1.5, takes_any_size=False)
    assert relative_errors(fixed, NET, PROBES).max() == 0.0


def test_a_batch_that_was_baked_in_is_seen() -> None:
    assert relative_errors(program(lambda m: m if len(m) == 1 else m * 1.5), NET, PROBES).max() > 0.4
    with pytest.raises(InputError, match="has shape"):
        relative_errors(program(lambda m: m[:1]), NET, PROBES)


def test_a_full_disk_leaves_both_files_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "s.xml", tmp_path / "s.bin"]
    for path in paths:
        path.write_bytes(b"old")
    calls = iter([None, OSError(errno.ENOSPC, "No space left on device")])

    def fsync(handle: int) -> None:
        fault = next(calls)
        if fault is not None:
            raise fault

    monkeypatch.setattr(program_module.os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"):
        write_files({path: b"new" for path in paths})
    assert sorted(os.listdir(tmp_path)) == ["s.bin", "s.xml"]
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]


def test_the_file_that_users_name_gets_its_name_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (names.append(Path(new).name), replace(old, new)))
    write_files({tmp_path / "s.xml": b"a", tmp_path / "s.bin": b"b"})
    assert names == ["s.bin", "s.xml"]


def test_paths_that_cannot_be_written_are_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(InputError, match=r"does not end in .onnx"):
        checked_path(tmp_path / "student.pt", (".onnx",))
    with pytest.raises(InputError, match=r"a.bin is a folder"):
        checked_path(tmp_path / "a.xml", (".xml", ".bin"))
    with pytest.raises(InputError, match="which is no folder"):
        checked_path(tmp_path / "file" / "a.onnx", (".onnx",))
    assert checked_path(tmp_path / "new" / "a.onnx", (".onnx",)).parent.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(InputError, match="may not write"):
        checked_path(tmp_path / "locked" / "a.onnx", (".onnx",))
