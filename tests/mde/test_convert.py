from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import mde.convert as convert_module
from mde.conversion import Request, answer
from mde.convert import ConvertConfig, convert
from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.nets import load_teacher
from mde.nets.weights_file import is_safetensors, published_sha256, read_safetensors, read_weights
from tests.mde.test_meter import untrained_state


def training_checkpoint(state: dict[str, Tensor]) -> dict[str, object]:
    """What training programs write: the network among other things, some of them numpy's."""
    return {
        "global_step": 302_500,
        "model": state,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": []},
        "best_eval_measures": torch.tensor([0.9, 0.98]),
        "best_eval_steps": np.zeros(9, dtype=np.int32),
        "meta": {"best_score": np.float64(0.05)},
    }


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reader in this process: loading torch in another one takes seconds."""

    def answered(config: ConvertConfig, partial: Path, source_sha256: str) -> dict[str, object]:
        found = answer(
            Request(
                weights=str(config.weights),
                out=str(partial),
                entry=config.entry,
                source_sha256=source_sha256,
                memory_bytes=1,
                seconds=1,
            )
        )
        if found["problem"] is not None:
            raise InputError(found["problem"])
        return {**found, "has_network": True}

    monkeypatch.setattr(convert_module, "answer_of_confined", answered)


@pytest.mark.usefixtures("unconfined")
def test_the_network_is_kept_and_the_rest_is_named(tmp_path: Path) -> None:
    state = {"a.weight": torch.rand(3, 4).t(), "a.bias": torch.arange(3), "half": torch.ones(2).half()}
    path, out = tmp_path / "best", tmp_path / "new" / "best.safetensors"
    torch.save(training_checkpoint(state), path)
    convert(ConvertConfig(weights=path, out=out))
    assert {entry.name for entry in out.parent.iterdir()} == {"best.safetensors", "best.json"}
    read = read_weights(out)
    assert set(read) == set(state)
    assert all(torch.equal(read[key], state[key]) and read[key].dtype == state[key].dtype for key in state)
    sidecar = read_json(tmp_path / "new" / "best.json")
    assert sidecar["source"] == {"name": "best", "num_bytes": path.stat().st_size, "sha256": sha256_file(path)}
    assert sidecar["converted"]["sha256"] == sha256_file(out)
    assert (sidecar["converted"]["entry"], sidecar["converted"]["num_tensors"]) == ("model", 3)
    others = {"global_step", "optimizer", "best_eval_measures", "best_eval_steps", "meta"}
    assert set(sidecar["converted"]["dropped"]) == others
    assert published_sha256(out) == published_sha256(path) == sha256_file(path)


@pytest.mark.usefixtures("unconfined")
def test_a_teacher_answers_alike_from_both_files(tmp_path: Path) -> None:
    path, out = tmp_path / "meter.pth", tmp_path / "meter.safetensors"
    torch.save(untrained_state(), path)
    convert(ConvertConfig(weights=path, out=out))
    image = torch.rand(1, 3, 192, 640, generator=torch.Generator().manual_seed(0))
    before, after = (load_teacher("meter", weights, "driving") for weights in (path, out))
    assert torch.equal(before(image).raw, after(image).raw)
    assert (before.spec.weights_sha256, after.spec.weights_sha256) == (sha256_file(path), sha256_file(out))


@pytest.mark.usefixtures("unconfined")
def test_an_entry_can_be_named(tmp_path: Path) -> None:
    torch.save({"student": {"w": torch.ones(1)}, "ema": {"w": torch.zeros(1)}}, tmp_path / "w.pt")
    config = ConvertConfig(weights=tmp_path / "w.pt", out=tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="give --entry with one of student, ema"):
        convert(config)
    convert(replace(config, entry="ema"))
    assert read_safetensors(config.out)["w"].item() == 0.0


@pytest.mark.usefixtures("unconfined")
def test_what_cannot_be_converted_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "page.pt").write_text("<!DOCTYPE html>")
    with pytest.raises(InputError, match="page.pt is not a torch file"):
        convert(ConvertConfig(weights=tmp_path / "page.pt", out=tmp_path / "out.safetensors"))
    assert [path.name for path in tmp_path.iterdir()] == ["page.pt"]


@pytest.mark.usefixtures("unconfined")
def test_existing_files_are_kept(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1)}, tmp_path / "w.pt")
    config = ConvertConfig(weights=tmp_path / "w.pt", out=tmp_path / "w.safetensors")
    convert(config)
    with pytest.raises(InputError, match="w.safetensors exists"):
        convert(config)
    with pytest.raises(InputError, match="is a safetensors file already"):
        convert(replace(config, weights=config.out, out=tmp_path / "again.safetensors"))


def test_missing_files_and_impossible_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere.pt does not exist"):
        convert(ConvertConfig(weights=tmp_path / "nowhere.pt", out=tmp_path / "o.safetensors"))
    with pytest.raises(InputError, match="is no file"):
        convert(ConvertConfig(weights=tmp_path, out=tmp_path / "o.safetensors"))
    with pytest.raises(InputError, match=r"must end in \.safetensors"):
        ConvertConfig(weights=tmp_path, out=tmp_path / "o.pt")
    with pytest.raises(InputError, match="must be positive"):
        ConvertConfig(weights=tmp_path, out=tmp_path / "o.safetensors", max_minutes=0.0)


def test_a_plain_json_or_torch_file_is_no_safetensors(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1)}, tmp_path / "w.pt")
    (tmp_path / "list.json").write_text('{"a": 1, "b": {"c": 2}}')
    assert not any(is_safetensors(path) for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "nowhere"))


@pytest.mark.slow
def test_the_confined_process_converts_and_has_its_limits(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(3)}, tmp_path / "w.pt")
    config = ConvertConfig(weights=tmp_path / "w.pt", out=tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="ended with status") as caught:
        convert(replace(config, max_memory_gb=0.5))
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="was not read within 0.001 minutes"):
        convert(replace(config, max_minutes=0.001))
    assert [path.name for path in tmp_path.iterdir()] == ["w.pt"]
    convert(config)
    assert torch.equal(read_safetensors(config.out)["w"], torch.ones(3))
