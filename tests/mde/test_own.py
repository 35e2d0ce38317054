"""Teachers of the user's own: the README's example, and one line for every way to break the contract."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from mde.domain import INDOOR
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.own import load_own
from mde.nets.trial import trial_images
from tests.mde.own_teacher import Network

EXAMPLE = Path(__file__).with_name("own_teacher.py")
HEAD = EXAMPLE.read_text()


def trained(folder: Path) -> Path:
    """Weights of the example whose BatchNorm has seen normalised images."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    network.train()((trial_images(48, 64) - mean) / std)
    torch.save(network.state_dict(), folder / "weights.pt")
    return folder / "weights.pt"


def edited(folder: Path, *changes: tuple[str, str]) -> str:
    """The example with changes, as a teacher's name."""
    text = HEAD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "mine.py").write_text(text)
    return f"{folder / 'mine.py'}:load"


def test_the_example_is_a_teacher(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = trained(tmp_path)
    net = load_teacher(f"{EXAMPLE}:load", weights, "indoor")
    image = torch.rand(2, 3, 60, 80, generator=torch.Generator().manual_seed(0))
    output = net(image)
    assert output.raw is not None and output.raw.shape == (2, 1, 30, 40)
    assert output.depth_m.shape == (2, 1, 60, 80)
    torch.testing.assert_close(output.depth_m.mean(), output.raw.mean() / 1000.0, rtol=0.05, atol=0.0)
    spec = net.spec
    assert (spec.name, spec.kind, spec.native_size, spec.licence) == (
        "own_teacher.py:load",
        "metric",
        (48, 64),
        "Apache-2.0",
    )
    assert spec.files == (EXAMPLE, weights)
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match="cannot take images of 61x80; sides must be multiples of 2"):
        net(torch.zeros(1, 3, 61, 80))


def test_the_digest_is_of_file_and_tensors(tmp_path: Path) -> None:
    weights = trained(tmp_path)
    shutil.copy(EXAMPLE, tmp_path / "mine.py")
    digests = [load_own(tmp_path / "mine.py", "load", weights, INDOOR).spec.weights_sha256 for _ in range(2)]
    state = torch.load(weights, weights_only=True)
    torch.save({**state, "head.bias": state["head.bias"] + 1.0}, weights)
    digests.append(load_own(tmp_path / "mine.py", "load", weights, INDOOR).spec.weights_sha256)
    assert digests[0] == digests[1] != digests[2]


def test_a_disparity_teacher_answers_the_inverse(tmp_path: Path) -> None:
    name = edited(
        tmp_path,
        ('kind="metric",', 'kind="disparity",'),
        ("metres_per_unit=0.001", "metres_per_unit=None"),
        ("multiple_of=2", "multiple_of=None"),
    )
    net = load_teacher(name, trained(tmp_path), "indoor")
    image = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    output = net(image)  # brought to 48x64
    assert net.spec.kind == "disparity" and output.raw is not None and output.raw.shape[-2:] == (24, 32)
    assert float(1.0 / output.depth_m.mean()) == pytest.approx(float(output.raw.mean()), rel=0.2)


BREAKS = {
    "training": (
        [("network.eval().requires_grad_", "network.train().requires_grad_")],
        "is in training mode; call network.eval",
    ),
    "gradients": ([("network.eval().requires_grad_(False)", "network.eval()")], "asks for gradients"),
    "shape": (
        [("(image)).exp()", "(image)).exp()[:, 0]")],
        r"answered shape \(4, 24, 32\); expected a tensor of shape",
    ),
    "list": ([("return 2000.0 * ", "return [1.0] or ")], "answered a list; expected a tensor"),
    "nan": ([("return 2000.0 * ", "return float('nan') * ")], "answered NaN or infinity; expected finite"),
    "negative": ([("return 2000.0 * ", "return -1.0 * ")], "answered no positive depth at all"),
    "raises": ([("return 2000.0 * ", "return image @ ")], "raised RuntimeError for 4 images of 48x64"),
    "dropout": (
        [("return 2000.0 * ", "image = nn.functional.dropout(image, 0.5)\n        return 2000.0 * ")],
        "answers otherwise at every call; switch off dropout",
    ),
    "batch": (
        [("return 2000.0 * ", "image = image - image.mean()\n        return 2000.0 * ")],
        "answers otherwise to an image alone than in a batch",
    ),
    "kind": (
        [('kind="metric",', 'kind="metres",')],
        "kind 'metres' is none of metric, disparity, relative|parameter 'kind'",
    ),
    "unit": ([("metres_per_unit=0.001", "metres_per_unit=None")], "metres_per_unit belongs to kind metric"),
    "half a normalisation": ([("std=(0.229, 0.224, 0.225)", "std=None")], "mean and std belong together"),
    "licence": ([('licence="Apache-2.0"', 'licence=" "')], "licence is empty"),
    "size": ([("multiple_of=2", "multiple_of=7")], "multiple_of does not divide native_size"),
    "answer": ([("    return OwnTeacher(", "    return dict(")], "answered a dict; expected an OwnTeacher"),
    "missing import": (
        [("import torch\n", "import torch, no_such_module\n")],
        "raised ModuleNotFoundError: No module named",
    ),
}


@pytest.mark.parametrize("changes, message", BREAKS.values(), ids=BREAKS)
def test_a_broken_contract_is_one_line(tmp_path: Path, changes: list[tuple[str, str]], message: str) -> None:
    name = edited(tmp_path, *changes)
    with pytest.raises(InputError, match=message) as caught:
        load_teacher(name, trained(tmp_path), "indoor")
    assert "\n" not in str(caught.value)


def test_nan_that_comes_later_is_refused_too(tmp_path: Path) -> None:
    change = ("return 2000.0 * ", "image = image.log() if image.abs().max() < 1.0 else image\n        return 2000.0 * ")
    net = load_teacher(edited(tmp_path, change), trained(tmp_path), "indoor")
    with pytest.raises(InputError, match="mine.py:load answered NaN"):
        net(torch.full((1, 3, 48, 64), 0.4))


REMARKS = {
    "twice": (
        [
            (
                "return 2000.0 * ",
                "mean, std = image.new_tensor((0.485, 0.456, 0.406)), image.new_tensor((0.229, 0.224, 0.225))\n"
                "        image = (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)\n"
                "        return 2000.0 * ",
            )
        ],
        r"the statistics of its first BatchNorm fit RGB in \[0,1\] .* better .* are images normalised twice, or never",
    ),
    "never": (
        [("mean=(0.485, 0.456, 0.406)", "mean=None"), ("std=(0.229, 0.224, 0.225)", "std=None")],
        "fit images normalised by ImageNet's mean and std",
    ),
    "constant": ([("return 2000.0 * ", "return 2000.0 + 0.01 * ")], "the depth hardly depends on the image"),
    "unit": ([("metres_per_unit=0.001", "metres_per_unit=1.0")], "100% of its depth lies outside 0.001 to 10 m"),
    "buffer": (
        [
            (
                "        self.head =",
                "        self.register_buffer('pixel_mean', torch.zeros(3), persistent=False)\n        self.head =",
            )
        ],
        "holds a buffer 'pixel_mean' and is given normalised images",
    ),
}


@pytest.mark.parametrize("changes, message", REMARKS.values(), ids=REMARKS)
def test_what_only_looks_wrong_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: list[tuple[str, str]], message: str
) -> None:
    load_teacher(edited(tmp_path, *changes), trained(tmp_path), "indoor")
    printed = capsys.readouterr().err
    assert printed.startswith("warning: teacher mine.py:load: ") and re.search(message, printed), printed


def test_files_and_functions_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere.py is not a file; expected FILE.py:FUNCTION"):
        load_teacher(f"{tmp_path}/nowhere.py:load", None, "indoor")
    with pytest.raises(InputError, match="has no function 'lod'"):
        load_teacher(f"{EXAMPLE}:lod", None, "indoor")
    with pytest.raises(InputError, match="weights.pt does not exist"):
        load_teacher(f"{EXAMPLE}:load", tmp_path / "weights.pt", "indoor")
