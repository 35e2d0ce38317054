"""Teachers from folders of transformers against the library's own program, and the folders that are refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mde.domain import DRIVING, INDOOR
from mde.errors import InputError
from mde.nets import file_name_of, load_teacher
from mde.nets.hugging_face import CLASSES, MIN_INVERSE, load_hugging_face
from mde.nets.transformers_folder import PREPROCESSOR
from tests.mde.tiny_transformers import save_depth_anything, save_dpt, save_glpn, save_zoedepth

pytest.importorskip("transformers")
SAVERS: dict[str, Callable[[Path], Path]] = {
    "depth_anything": save_depth_anything,
    "dpt": save_dpt,
    "glpn": save_glpn,
    "zoedepth": save_zoedepth,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: save(tmp_path_factory.mktemp(name) / "model") for name, save in SAVERS.items()}


def images(batch: int = 1, height: int = 120, width: int = 150) -> Tensor:
    """Smooth and inside (0, 1): a bicubic filter stays inside too, so that nothing is cut off."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, 3, 12, 16, generator=generator)
    return 0.1 + 0.8 * nn.functional.interpolate(coarse, (height, width), mode="bilinear")


def library_answer(folder: Path, image: Tensor) -> Tensor:
    """What transformers itself makes of the folder: its image processor, its model, its post-processing.

    Images go in as real numbers: 8-bit ones it rounds to grey levels after resizing.
    """
    import transformers

    processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    model_type = json.loads((folder / "config.json").read_text())["model_type"]
    network = getattr(transformers, CLASSES[model_type]).from_pretrained(folder, local_files_only=True).eval()
    inputs = processor(images=[*image], do_rescale=False, return_tensors="pt")
    sizes = [tuple(image.shape[-2:])] * len(image)
    options = {"source_sizes": sizes} if model_type == "zoedepth" else {}
    with torch.no_grad():
        answers = processor.post_process_depth_estimation(network(**inputs), target_sizes=sizes, **options)
    return torch.stack([answer["predicted_depth"] for answer in answers])[:, None]


@pytest.mark.parametrize("name", SAVERS)
def test_depth_is_that_of_the_librarys_own_program(folders: dict[str, Path], name: str) -> None:
    net = load_hugging_face(folders[name], None, INDOOR)
    image = images()
    expected = library_answer(folders[name], image)
    answer = net(image).depth_m
    if net.spec.kind != "metric":  # a bicubic filter goes below 0 beside zeros, and there is no depth there
        answer, expected = 1.0 / answer, expected.clamp_min(MIN_INVERSE)
    assert expected.std() > 1e-3 * expected.mean()  # else the comparison would say little
    torch.testing.assert_close(answer, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("depth_anything", "relative", (70, 98)),
        ("dpt", "relative", (64, 64)),
        ("glpn", "metric", (480, 640)),
        ("zoedepth", "metric", (64, 96)),
    ],
)
def test_a_teacher_says_what_it_is(folders: dict[str, Path], name: str, kind: str, size: tuple[int, int]) -> None:
    net = load_teacher(f"hf:{folders[name]}", None, "indoor")
    assert (net.spec.name, net.spec.kind, net.spec.native_size) == ("hf:model", kind, size)
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert {"config.json", PREPROCESSOR, "model.safetensors"} == {file.name for file in net.spec.files}
    again = load_teacher(f"hf:{folders[name]}", None, "indoor")
    assert again.spec.weights_sha256 == net.spec.weights_sha256
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))


def test_metric_depth_anything_answers_metres(tmp_path: Path) -> None:
    folder = save_depth_anything(tmp_path / "model", depth_estimation_type="metric", max_depth=20)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    net = load_hugging_face(folder, None, INDOOR)
    assert (net.spec.kind, net.spec.licence) == ("metric", "apache-2.0")
    assert float(net(images()).depth_m.max()) <= 10.0
    with pytest.raises(InputError, match="answers up to 20 m and domain driving reaches 80 m"):
        load_hugging_face(folder, None, DRIVING)


def test_images_of_a_batch_do_not_vote_about_each_other(tmp_path: Path) -> None:
    net = load_hugging_face(save_zoedepth(tmp_path / "model", num_domains=2), None, INDOOR)
    batch = torch.cat((images(), 1.0 - images()))
    together = net(batch).depth_m
    alone = torch.cat([net(image[None]).depth_m for image in batch])
    torch.testing.assert_close(together, alone, rtol=0, atol=0)


def test_normalisation_is_that_of_the_folder(folders: dict[str, Path]) -> None:
    """GLPN takes RGB as it is, the others subtract what their file says."""
    means = {
        name: load_hugging_face(folder, None, INDOOR).core.mean.flatten().tolist() for name, folder in folders.items()
    }
    assert means["glpn"] == [0.0] * 3 and means["zoedepth"] == [0.5] * 3
    assert means["depth_anything"] == pytest.approx([0.485, 0.456, 0.406])


def test_sizes_that_cannot_be_taken_are_refused_with_those_that_can(tmp_path: Path, folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="cannot take images of 20x400; both sides must have at least 32 pixels"):
        load_hugging_face(folders["glpn"], None, INDOOR)(torch.zeros(1, 3, 20, 400))
    squares = save_dpt(tmp_path / "model", keep_aspect_ratio=True)
    with pytest.raises(InputError, match="would work at 64x80 and knows squares alone"):
        load_hugging_face(squares, None, INDOOR)(images())


def test_loading_connects_to_nothing(folders: dict[str, Path]) -> None:
    reached: list[Any] = []
    is_watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if is_watching and event in ("socket.connect", "socket.getaddrinfo"):
            reached.append(arguments)

    sys.addaudithook(hook)
    for folder in folders.values():
        load_hugging_face(folder, None, INDOOR)
    is_watching = False
    assert reached == []


def changed(folder: Path, name: str, **entries: Any) -> None:
    raw = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**raw, **entries}))


@pytest.mark.parametrize(
    ("name", "entries", "message"),
    [
        ("config.json", {"model_type": "llama"}, "is of type 'llama'; expected one of depth_anything, dpt"),
        ("config.json", {"auto_map": {"AutoModel": "x.Y"}}, "has auto_map: .* fetch or run foreign code"),
        ("config.json", {"backbone": "facebook/dinov2-small"}, "has backbone: 'facebook/dinov2-small'"),
        ("config.json", {"deep": [{"attn_implementation": "someone/kernel"}]}, "has attn_implementation"),
        ("config.json", {"max_depth": 5}, "answers up to 5 m and domain indoor reaches 10 m"),
        ("config.json", {"hidden_sizes": [4, 4, 8, 16]}, "weights of another network|cannot be loaded as GLPN"),
        (PREPROCESSOR, {"size_divisor": 0}, "multiples of 0; expected a whole number"),
        (PREPROCESSOR, {"resample": 1}, "has resample 1; expected 2"),
        (PREPROCESSOR, {"do_resize": False}, "has do_resize False"),
        (PREPROCESSOR, {"rescale_factor": 1.0}, "has rescale_factor 1.0; expected 1/255"),
    ],
)
def test_configurations_that_cannot_be_trusted_are_refused(
    tmp_path: Path, name: str, entries: dict[str, Any], message: str
) -> None:
    folder = save_glpn(tmp_path / "model")
    changed(folder, name, **entries)
    with pytest.raises(InputError, match=message) as caught:
        load_hugging_face(folder, None, INDOOR)
    assert "\n" not in str(caught.value)


def test_weights_that_lack_a_tensor_or_hold_nan_are_refused(tmp_path: Path) -> None:
    folder = save_glpn(tmp_path / "model")
    path = folder / "model.safetensors"
    state = load_file(path)
    key = next(name for name in sorted(state) if name.startswith("head."))
    save_file({name: t for name, t in state.items() if name != key}, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"1 tensors are missing, 0 unexpected .*first: {key}"):
        load_hugging_face(folder, None, INDOOR)
    save_file({**state, key: state[key] * float("nan")}, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"NaN or infinity in {key}"):
        load_hugging_face(folder, None, INDOOR)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be loaded as GLPN"):
        load_hugging_face(folder, None, INDOOR)


def test_pickles_and_incomplete_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hf:.*nowhere is not a folder"):
        load_teacher(f"hf:{tmp_path / 'nowhere'}", None, "indoor")
    folder = save_glpn(tmp_path / "model")
    with pytest.raises(InputError, match="--weights x.pt is not used with hf:FOLDER"):
        load_hugging_face(folder, Path("x.pt"), INDOOR)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="only pytorch_model.bin, which can run code"):
        load_hugging_face(folder, None, INDOOR)
    (folder / PREPROCESSOR).write_text("<html>")
    with pytest.raises(InputError, match="preprocessor_config.json is not readable JSON"):
        load_hugging_face(folder, None, INDOOR)
    (folder / PREPROCESSOR).unlink()
    with pytest.raises(InputError, match="has no preprocessor_config.json"):
        load_hugging_face(folder, None, INDOOR)


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_glpn(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"depth-distillation\[transformers\]"):
        load_hugging_face(folder, None, INDOOR)


def test_names_of_teachers_make_names_of_folders() -> None:
    assert file_name_of("hf:some/where/small") == "hf-small"
    assert file_name_of("nets/mine.py:load") == "mine-load"
    assert file_name_of("meter") == "meter"
