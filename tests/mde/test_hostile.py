"""Files that harm, at every door of ours: one clear line, and nothing in them is run."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

import mde.nets.weights
from mde.conversion import Request, answer
from mde.domain import DRIVING
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.meter import TRAININGS, Meter
from mde.nets.weights_file import is_safetensors

State = dict[str, Tensor]


def meter_state() -> State:
    return Meter(TRAININGS["driving"], DRIVING.depth_range_m).state_dict()


def through_load_teacher(path: Path) -> str | None:
    """What `load_teacher` says to the file; None when it takes it."""
    try:
        load_teacher("meter", path, "driving")
    except InputError as error:
        return str(error)
    return None


def through_convert(path: Path) -> str | None:
    """What the reader of `mde.convert` says to the file; its confinement is tested apart."""
    out = path.with_name("out.safetensors")
    request = Request(
        weights=str(path), out=str(out), entry=None, source_sha256="0" * 64, memory_bytes=1 << 34, seconds=600
    )
    found = answer(request)["problem"]
    assert out.exists() == (found is None)
    return found


DOORS = {"load_teacher": through_load_teacher, "convert": through_convert}


class Command:
    """An object whose unpickling would run a shell."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., int], tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def running_code(path: Path) -> None:
    torch.save({"state_dict": meter_state(), "meta": Command(path.with_name("trace"))}, path)


def running_code_in_the_old_format(path: Path) -> None:
    content = {"state_dict": meter_state(), "meta": Command(path.with_name("trace"))}
    torch.save(content, path, _use_new_zipfile_serialization=False)


def truncated(path: Path) -> None:
    torch.save(meter_state(), path)
    path.write_bytes(path.read_bytes()[:-5000])


def with_nan(path: Path) -> None:
    state = meter_state()
    state["decoder.conv2d_out.weight"][0, 0, 1, 1] = torch.nan
    torch.save(state, path)


def with_negative_variance(path: Path) -> None:
    state = meter_state()
    next(tensor for key, tensor in state.items() if key.endswith("running_var"))[3] = -1e-3
    torch.save(state, path)


def directory(path: Path) -> None:
    path.mkdir()


def web_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><head><title>Quota exceeded</title></head></html>")


def bomb(path: Path) -> None:
    """A small file that would unpack to a thousand times its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("archive/data/0", "w") as stream:
        stream.write(bytes(1 << 24))


def many_tensors(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(mde.nets.weights._MAX_TENSORS + 1):
            archive.writestr(f"archive/data/{number}", b"")


def damaged_safetensors(path: Path) -> None:
    path.write_bytes((5000).to_bytes(8, "little") + b'{"weight": ')


FILES: dict[Callable[[Path], None], str] = {
    running_code: "holds more than torch reads safely",
    running_code_in_the_old_format: "holds more than torch reads safely",
    truncated: "is damaged",
    with_nan: "has NaN or infinity in decoder.conv2d_out.weight",
    with_negative_variance: "has a variance of 0 or less in encoder",
    directory: "cannot be read",
    web_page: "is not a torch file",
    bomb: "is compressed, and torch's files are not",
    many_tensors: "has 20001 parts; expected at most 20000",
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_a_hostile_file_is_one_clear_line_and_nothing_is_run(
    tmp_path: Path, make: Callable[[Path], None], door: str
) -> None:
    path = tmp_path / "weights.pt"
    make(path)
    message = DOORS[door](path)
    assert message is not None and message.startswith(f"{path} {FILES[make]}") and "\n" not in message
    assert {entry.name for entry in tmp_path.iterdir()} == {"weights.pt"}


def test_the_trap_of_these_tests_is_a_trap(tmp_path: Path) -> None:
    running_code(tmp_path / "weights.pt")
    torch.load(tmp_path / "weights.pt", weights_only=False)
    assert (tmp_path / "trace").exists()


def test_a_hundred_thousand_tensors_of_another_network_are_refused(tmp_path: Path) -> None:
    """In the old format, which has no parts to count, all names are read: the layout is what refuses them."""
    one = torch.zeros(1)
    path = tmp_path / "weights.pt"
    torch.save({str(number): one for number in range(100_000)}, path, _use_new_zipfile_serialization=False)
    message = through_load_teacher(path)
    assert message is not None and "100000 are unexpected" in message and len(message) < 400


def test_a_damaged_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    damaged_safetensors(path)
    assert is_safetensors(path)
    assert through_load_teacher(path) == f"{path} is a damaged safetensors file; fetch or convert it again"


def test_a_tensor_with_more_numbers_than_its_file_is_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"weight": torch.zeros(1).expand(1 << 20, 1 << 20)}, path)  # four terabytes, one number
    message = through_convert(path)
    assert message is not None and "has weight of shape (1048576, 1048576) without so many numbers" in message


@pytest.mark.parametrize("content", [{"optimizer": {"state": {}}, "epoch": 3}, [torch.ones(1)], {}])
def test_a_checkpoint_without_a_network_is_not_converted(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "weights.pt")
    message = through_convert(tmp_path / "weights.pt")
    assert message is not None and "expected" in message
