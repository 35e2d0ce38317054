from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import mde.checkpoint as checkpoint_module
from mde.checkpoint import (
    MANIFEST,
    SIDECAR,
    TENSORS,
    Checkpoint,
    flatten_optimizer,
    latest_step,
    load_directory,
    restore_optimizer,
    save_directory,
    save_step,
)
from mde.errors import InputError


def some(value: float = 1.0) -> Checkpoint:
    return Checkpoint(
        tensors={"a": torch.full((3, 2), value), "b.c": torch.tensor(7)}, sidecar={"step": 1, "note": "x"}
    )


def test_a_checkpoint_reads_back_as_it_was_written(tmp_path: Path) -> None:
    save_directory(tmp_path / "c", some())
    back = load_directory(tmp_path / "c")
    assert back.sidecar == {"step": 1, "note": "x"}
    assert {name: tensor.tolist() for name, tensor in back.tensors.items()} == {"a": [[1.0, 1.0]] * 3, "b.c": 7}


@pytest.mark.parametrize("name", [TENSORS, SIDECAR])
def test_a_flipped_byte_is_named_by_file(tmp_path: Path, name: str) -> None:
    save_directory(tmp_path / "c", some())
    content = bytearray((tmp_path / "c" / name).read_bytes())
    content[-2] ^= 1
    (tmp_path / "c" / name).write_bytes(bytes(content))
    with pytest.raises(InputError, match=f"{name} is missing or damaged"):
        load_directory(tmp_path / "c")


def test_the_newest_good_step_is_found_behind_a_damaged_one(tmp_path: Path) -> None:
    save_step(tmp_path, 10, some(1.0))
    save_step(tmp_path, 20, some(2.0))
    (tmp_path / "step_00000020" / TENSORS).write_bytes(b"torn")
    found = latest_step(tmp_path)
    assert found is not None
    assert found[0] == 10 and found[1].tensors["a"][0, 0] == 1.0


def test_a_step_without_manifest_never_counts(tmp_path: Path) -> None:
    save_step(tmp_path, 10, some())
    (tmp_path / "step_00000010" / MANIFEST).unlink()
    assert latest_step(tmp_path) is None


def test_only_the_newest_steps_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        save_step(tmp_path, step, some(), keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step_00000003", "step_00000004"]


def test_a_full_disk_keeps_the_last_good_checkpoint_and_removes_its_own_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_step(tmp_path, 10, some(1.0))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_module, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        save_step(tmp_path, 20, some(2.0))
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000010"]
    found = latest_step(tmp_path)
    assert found is not None and found[0] == 10


def test_a_full_disk_inside_safetensors_is_an_error_of_the_operating_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise checkpoint_module.SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint_module, "save_file", full)
    with pytest.raises(OSError) as caught:
        save_directory(tmp_path / "c", some())
    assert caught.value.errno == 28
    assert list(tmp_path.iterdir()) == []


def test_an_optimizer_goes_on_exactly_where_it_was() -> None:
    def steps(optimizer: torch.optim.Optimizer, weight: torch.Tensor, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            (weight * torch.tensor([1.0, -2.0, 3.0])).sin().sum().backward()
            optimizer.step()

    straight = torch.nn.Parameter(torch.tensor([0.1, 0.2, 0.3]))
    optimizer = torch.optim.AdamW([straight], lr=0.1)
    steps(optimizer, straight, 3)
    resumed = torch.nn.Parameter(straight.detach().clone())
    again = torch.optim.AdamW([resumed], lr=0.1)
    restore_optimizer(again, flatten_optimizer(optimizer))
    steps(optimizer, straight, 3)
    steps(again, resumed, 3)
    assert torch.equal(straight, resumed)


def test_a_fused_optimizer_goes_on_with_weights_of_any_layout(tmp_path: Path) -> None:
    """Fused kernels walk weights and moments in memory order, and a file knows no order."""
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(4, 3, 3, 3, generator=generator).contiguous(memory_format=torch.channels_last)
    gradients = [torch.rand(4, 3, 3, 3, generator=generator) for _ in range(4)]
    straight, resumed = torch.nn.Parameter(first.clone()), torch.nn.Parameter(first.clone())
    optimizers = [torch.optim.AdamW([weights], lr=0.1, fused=True) for weights in (straight, resumed)]
    for number, gradient in enumerate(gradients):
        if number == 2:
            save_step(tmp_path, 2, Checkpoint(tensors=flatten_optimizer(optimizers[1]), sidecar={}))
            found = latest_step(tmp_path)
            assert found is not None
            optimizers[1] = torch.optim.AdamW([resumed], lr=0.1, fused=True)
            restore_optimizer(optimizers[1], found[1].tensors)
        for weights, optimizer in zip((straight, resumed), optimizers, strict=True):
            weights.grad = gradient.contiguous(memory_format=torch.channels_last)
            optimizer.step()
    assert torch.equal(straight, resumed)


def test_a_manifest_of_something_else_is_refused(tmp_path: Path) -> None:
    save_directory(tmp_path / "c", some())
    (tmp_path / "c" / MANIFEST).write_text(json.dumps({}))
    with pytest.raises(InputError, match="missing or damaged"):
        load_directory(tmp_path / "c")
