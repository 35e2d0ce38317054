"""Students of the user's own: the README's example, one line for every broken promise, and no code run unasked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.student import (
    STUDENT,
    build_student,
    check_student,
    identity_of,
    load_student,
    new_student,
    save_student,
)
from tests.mde.test_edge import BINS, card

EXAMPLE = Path(__file__).with_name("own_student.py")
RANGE_M = (1e-3, 10.0)


def edited(folder: Path, *changes: tuple[str, str]) -> str:
    """The example with changes, as a student's name."""
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "mine.py").write_text(text)
    return f"{folder / 'mine.py'}:build"


def saved(folder: Path, name: str) -> Path:
    """A finished student of the user's own."""
    torch.manual_seed(0)
    student = new_student(name, BINS, RANGE_M)
    with torch.no_grad():
        student.train()(torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    in_card, digest = identity_of(name)
    save_student(folder / STUDENT, student, replace(card(), name=in_card, code_sha256=digest))
    return folder


def test_the_example_is_a_student(tmp_path: Path) -> None:
    student = new_student(f"{EXAMPLE}:build", BINS, RANGE_M)
    output = student.eval()(torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)))
    assert output.depth_m.shape == (2, 1, 64, 96)
    assert output.dpm_logits is not None and output.dpm_logits.shape == (2, BINS.num_bins, 16, 24)
    assert student.bins == BINS and student.depth_range_m == RANGE_M


def test_a_plain_tensor_is_depth_without_a_dpm_and_is_kept_in_the_range(tmp_path: Path) -> None:
    name = edited(
        tmp_path,
        (
            "return Output(depth_m=depth_m, dpm_logits=logits)",
            "return depth_m * torch.linspace(1.0, 9.0, image.shape[-1])",
        ),
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        output = new_student(name, BINS, RANGE_M).eval()(torch.rand(1, 3, 64, 64))
    assert output.dpm_logits is None
    assert output.depth_m.max() == RANGE_M[1]


def test_the_trial_leaves_weights_statistics_and_chance_as_they_were() -> None:
    torch.manual_seed(3)
    student = new_student(f"{EXAMPLE}:build", BINS, RANGE_M)
    draw = torch.rand(1)
    torch.manual_seed(3)
    from tests.mde.own_student import Network

    expected = Network(BINS)
    assert torch.equal(draw, torch.rand(1))
    for key, value in expected.state_dict().items():
        assert torch.equal(value, student.state_dict()[f"network.{key}"]), key
    assert all(parameter.grad is None for parameter in student.parameters()) and student.training


HEAD = "self.head = nn.Conv2d(8, bins.num_bins, 3, padding=1)"
BODY = "logits = self.head(self.features(image))"
ANSWER = "return Output(depth_m=depth_m, dpm_logits=logits)"
BREAKS = {
    "no module": (("return Network(bins)", "return [1.0]"), "is a list; expected a torch.nn.Module"),
    "raises": (("return Network(bins)", "raise KeyError('lost')"), "raised KeyError: 'lost'"),
    "missing import": (("import torch\n", "import torch, no_such_module\n"), "raised ModuleNotFoundError"),
    "forward raises": ((BODY, BODY + " @ image"), "raised RuntimeError for 4 images of 64x96 in eval mode"),
    "size": (
        ("depth_m = F.interpolate(coarse_m, size=image.shape[-2:]", "depth_m = F.interpolate(coarse_m, size=(64, 96)"),
        r"answered shape \(4, 1, 64, 96\); expected depth of shape \(4, 1, 96, 64\)",
    ),
    "list": ((ANSWER, "return [depth_m]"), "answered a list; expected depth of shape"),
    "integers": ((ANSWER, "return depth_m.long() + 1"), "numbers of type torch.int64; expected real numbers"),
    "nan": ((ANSWER, "return depth_m * float('nan')"), "answered NaN or infinity"),
    "negative": ((ANSWER, "return depth_m - 100.0"), "answered depth of 0 or less; expected metres"),
    "bins": ((HEAD, HEAD.replace("num_bins", "num_bins + 1")), "raised|dpm_logits of shape"),
    "dropout": ((BODY, "image = F.dropout(image, 0.5)\n        " + BODY), "answers otherwise at every call"),
    "batch mates": (
        (BODY, "image = image - 9.0 * image.mean()\n        " + BODY),
        "answers otherwise to an image alone than in a batch",
    ),
    "detached": ((ANSWER, "return depth_m.detach()"), "no gradient flows through; is it detached"),
    "unused": (
        (HEAD, HEAD + "\n        self.spare = nn.Conv2d(8, 8, 3)"),
        r"no gradient reaches 2 of 8 parameters \(first: network.spare.weight\)",
    ),
    "frozen": (
        ("return Network(bins)", "return Network(bins).requires_grad_(False)"),
        "no parameter that asks for gradients",
    ),
    "out of range": ((ANSWER, "return depth_m + 1000.0"), "gradients of 0 alone; is all of its depth outside 0.001"),
    "bad weights": ((HEAD, HEAD + "\n        nn.init.constant_(self.head.bias, float('inf'))"), "NaN or infinity in"),
    "shared memory": (
        (HEAD, HEAD + "\n        self.head.twin = nn.Parameter(self.head.bias.data.view(-1, 1))"),
        "keeps network.head.bias and network.head.twin in the same memory",
    ),
    "extra state": (
        ("    def forward(", "    def get_extra_state(self):\n        return {}\n\n    def forward("),
        "keeps network._extra_state, a dict",
    ),
}


@pytest.mark.parametrize("change, message", BREAKS.values(), ids=BREAKS)
def test_a_broken_promise_is_one_line(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        new_student(edited(tmp_path, change), BINS, RANGE_M)
    assert "mine.py:build" in str(caught.value) and "\n" not in str(caught.value)


def test_a_wrong_number_of_bins_is_named(tmp_path: Path) -> None:
    name = edited(tmp_path, (ANSWER, "return Output(depth_m=depth_m, dpm_logits=logits[:, 1:])"))
    with pytest.raises(InputError, match=r"dpm_logits of shape \(4, 63, 16, 24\); expected \(4, 64, height, width\)"):
        new_student(name, BINS, RANGE_M)


def test_an_own_student_reads_back_where_its_file_is_named(tmp_path: Path) -> None:
    name = edited(tmp_path)
    run = saved(tmp_path / "run", name)
    other = shutil.copy(EXAMPLE, tmp_path / "renamed.py")
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    depths = [load_student(run, own=(own,))(image).depth_m for own in (name, f"{other}:build")]
    assert torch.equal(*depths)
    net = load_student(run, own=(f"{tmp_path / 'absent.py'}:load", name))
    assert net.spec.name == "mine.py:build" and not net.training
    assert not [parameter for parameter in net.parameters() if parameter.requires_grad]


def test_loading_runs_no_code_that_is_not_named_or_has_changed(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    name = edited(tmp_path, ("class Network", f"open({str(mark)!r}, 'w').close()\n\n\nclass Network"))
    run = saved(tmp_path / "run", name)
    mark.unlink()
    with pytest.raises(InputError, match="student mine.py:build is built by code of its own.*--own-student FILE.py"):
        load_student(run)
    with pytest.raises(InputError, match="mine.py:load is not; find the file as it was"):
        load_student(run, own=(name.replace(":build", ":load"),))
    with pytest.raises(InputError, match="--own-student mobilenetv2 is no FILE.py:FUNCTION"):
        load_student(run, own=("mobilenetv2",))
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text() + "\n")
    with pytest.raises(InputError, match="was built by a file with SHA-256 .* is not; find the file as it was"):
        load_student(run, own=(name,))
    (tmp_path / "mine.py").unlink()
    with pytest.raises(InputError, match="mine.py is not a file; expected FILE.py:FUNCTION"):
        load_student(run, own=(name,))
    assert not mark.exists()


def test_a_card_that_names_a_file_without_its_digest_runs_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is unknown; expected one of"):
        build_student(replace(card(), name=f"{EXAMPLE}:build"), own=(f"{EXAMPLE}:build",))


def test_ours_are_known_by_name_alone_and_an_own_file_by_name_and_digest() -> None:
    assert identity_of("mobilenetv2") == ("mobilenetv2", None)
    assert identity_of(f"{EXAMPLE}:build") == ("own_student.py:build", sha256_file(EXAMPLE))
    check_student("anywhere/else.py:load")
    known = r"student 'resnet9000' is unknown; .*tiekd_resnet50, each also with \+lg .*or your own FILE.py"
    with pytest.raises(InputError, match=known):
        check_student("resnet9000")


def test_a_student_of_ours_keeps_the_promises_of_your_own(tmp_path: Path) -> None:
    """The trial asks for no more than what the built-in students do."""
    body = "return STUDENTS['plain'](bins, range_m)"
    text = f"from mde.nets.student import STUDENTS\n\n\ndef build(bins, range_m):\n    {body}\n"
    (tmp_path / "ours.py").write_text(text)
    student = new_student(f"{tmp_path / 'ours.py'}:build", BINS, RANGE_M)
    assert isinstance(student, nn.Module)
