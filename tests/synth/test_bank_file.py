"""The bank's file: same bytes whoever bakes, mapped, mended when damaged, kept where the user says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mde.errors import InputError
from synth import bank_file
from synth.bank_file import bank_key, cache_directory, open_bank
from synth.textures import Bank, bake_bank


@pytest.fixture
def small_bank(monkeypatch) -> list[int]:
    """Two small layers instead of all; counts how often they were baked."""
    baked: list[int] = []

    def bake() -> Bank:
        baked.append(1)
        return Bank(np.arange(2 * 4 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 4), {})

    monkeypatch.setattr(bank_file, "bake_bank", bake)
    return baked


@pytest.mark.slow
def test_two_bakes_in_two_folders_by_two_processes_give_the_same_bytes(tmp_path):
    code = "import sys, pathlib; from synth.bank_file import open_bank; open_bank(pathlib.Path(sys.argv[1]))"
    folders = tmp_path / "first", tmp_path / "second"
    for folder in folders:
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    first, second = (sorted(path for path in folder.iterdir() if path.suffix != ".lock") for folder in folders)
    assert [path.name for path in first] == [path.name for path in second] and len(first) == 2
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


@pytest.mark.slow
def test_the_file_holds_what_baking_gives(bank):
    np.testing.assert_array_equal(bake_bank().pixels, bank.pixels)


def test_the_second_process_maps_what_the_first_has_baked(tmp_path, small_bank):
    first, second = open_bank(tmp_path), open_bank(tmp_path)
    assert len(small_bank) == 1
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert isinstance(second.pixels, np.memmap) and not second.pixels.flags.writeable


@pytest.mark.parametrize("damage", ["flip", "cut", "no digest", "bad digest"])
def test_a_damaged_file_is_baked_again(tmp_path, small_bank, damage):
    before = open_bank(tmp_path).pixels.copy()
    (path,) = tmp_path.glob("*.npy")
    content, side = path.read_bytes(), path.with_suffix(".json")
    if damage == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "cut":
        path.write_bytes(content[:-7])
    elif damage == "no digest":
        side.unlink()
    else:
        side.write_text("{")
    np.testing.assert_array_equal(open_bank(tmp_path).pixels, before)
    assert len(small_bank) == 2 and path.read_bytes() == content


def test_processes_that_start_together_bake_once(tmp_path):
    code = """
import sys, pathlib, numpy as np
from synth import bank_file
from synth.textures import Bank
def bake():
    print("baked")
    return Bank(np.zeros((1, 2, 2, 4), np.uint8), {})
bank_file.bake_bank = bake
bank_file.open_bank(pathlib.Path(sys.argv[1]))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert "".join(process.communicate()[0] for process in processes).split() == ["baked"]


def test_the_name_changes_with_the_painters_and_with_numpy(monkeypatch):
    before = bank_key()
    assert bank_key() == before
    monkeypatch.setattr(np, "__version__", "0.0")
    assert bank_key() != before


def test_the_cache_follows_the_environment():
    home = {"HOME": "/home/somebody"}
    assert cache_directory(home) == Path("/home/somebody/.cache/depth-distillation")
    assert cache_directory({**home, "XDG_CACHE_HOME": "relative"}) == cache_directory(home)
    assert cache_directory({**home, "XDG_CACHE_HOME": "/var/tmp/x"}) == Path("/var/tmp/x/depth-distillation")
    assert cache_directory({"SYNTH_CACHE_DIR": "/data/bank", "XDG_CACHE_HOME": "/x"}) == Path("/data/bank")


def test_a_folder_that_cannot_be_written_is_the_users_to_change(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="SYNTH_CACHE_DIR"):
        open_bank(tmp_path / "file" / "below")
