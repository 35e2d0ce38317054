"""RT-MonoDepth-S with its published weights on real frames, and the files that it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from mde.domain import DRIVING, INDOOR
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.rtmonodepth import STEREO_SHA256, RtMonoDepth, load_rtmonodepth
from mde.nets.weights import read_torch_weights
from mde.nets.weights_file import SOURCE

ENCODER = "rtmonodepth_s_ms_encoder.pth"
DECODER = "rtmonodepth_s_ms_depth.pth"


def untrained(folder: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        core = RtMonoDepth("metric", DRIVING.depth_range_m)
    torch.save(core.encoder.state_dict(), folder / ENCODER)
    torch.save(core.decoder.state_dict(), folder / DECODER)
    return folder / ENCODER


@pytest.mark.real_data
def test_published_weights_answer_metres_on_real_frames(real: Path) -> None:
    """Ten frames; ratio of medians and error as the reference measured them (0.166 over all, after that ratio)."""
    net = load_teacher("rtmonodepth", real / "weights" / ENCODER, "driving")
    assert net.spec.kind == "metric" and not any(isinstance(m, nn.BatchNorm2d) for m in net.modules())
    assert sum(parameter.numel() for parameter in net.parameters()) == 1_235_027
    ratios, errors = [], []
    for path in sorted((real / "driving").glob("*.jpg"))[3::15]:
        image = torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None].float() / 255
        true_m = np.array(Image.open(path.with_name(path.stem + "_depth.png"))) / 256.0
        pred_m = net(image).depth_m[0, 0].numpy()
        used = (true_m > 1.0) & (true_m < 80.0)
        used[: int(0.408 * len(used))] = False
        ratios.append(np.median(true_m[used]) / np.median(pred_m[used]))
        scaled = pred_m[used] * ratios[-1]
        errors.append(np.mean(np.abs(scaled - true_m[used]) / true_m[used]))
    assert 0.9 < np.median(ratios) < 1.1
    assert np.mean(errors) < 0.2


@pytest.mark.real_data
def test_every_published_tensor_has_its_place(real: Path) -> None:
    core = load_rtmonodepth(real / "weights" / ENCODER, DRIVING).core
    num = sum(len(read_torch_weights(real / "weights" / name)) for name in (ENCODER, DECODER))
    assert num == len(core.state_dict()) == 13 + 22


def test_a_converted_file_is_as_metric_as_the_published_one(tmp_path: Path) -> None:
    encoder = untrained(tmp_path)
    for name, source in ((ENCODER, STEREO_SHA256[0]), (DECODER, "a" * 64)):
        state = read_torch_weights(tmp_path / name)
        save_file(state, (tmp_path / name).with_suffix(".safetensors"), metadata={SOURCE: source})
    assert load_rtmonodepth(encoder, DRIVING).spec.kind == "disparity"
    assert load_rtmonodepth(encoder.with_suffix(".safetensors"), DRIVING).spec.kind == "metric"


def test_weights_of_unknown_training_answer_disparity(tmp_path: Path) -> None:
    net = load_teacher("rtmonodepth", untrained(tmp_path), "driving")
    output = net(torch.rand(1, 3, 192, 640, generator=torch.Generator().manual_seed(0)))
    assert net.spec.kind == "disparity" and net.spec.files == (tmp_path / ENCODER, tmp_path / DECODER)
    torch.testing.assert_close(output.depth_m, 1.0 / output.raw)
    assert output.depth_m.shape == (1, 1, 192, 640)


def test_other_domains_and_lacking_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="knows domain 'driving' only"):
        load_rtmonodepth(tmp_path / ENCODER, INDOOR)
    with pytest.raises(InputError, match="needs --weights FILE: the encoder file"):
        load_rtmonodepth(None, DRIVING)
    with pytest.raises(InputError, match="encoder.pth does not exist"):
        load_rtmonodepth(tmp_path / ENCODER, DRIVING)
    weights = untrained(tmp_path)
    shutil.copy(weights, tmp_path / DECODER)
    with pytest.raises(InputError, match="depth.pth are weights of another network"):
        load_rtmonodepth(weights, DRIVING)


@pytest.mark.real_data
def test_published_weights_answer_what_the_authors_program_answers(real: Path) -> None:
    """Disparity at corners, on the border and inside, of a drawn image, as the authors' network gave it (float32)."""
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    image = torch.stack([rows / 63, columns / 95, (rows * columns) % 17 / 16])[None]
    expected = {
        (0, 0): 0.8600191,
        (0, 95): 0.6518579,
        (63, 0): 1.1878158,
        (63, 95): 1.7467475,
        (0, 40): 0.5316825,
        (1, 1): 0.5327635,
        (32, 50): 0.7625254,
        (62, 94): 0.7854135,
    }
    core = load_rtmonodepth(real / "weights" / ENCODER, DRIVING).core
    with torch.no_grad():
        disparity = core(image).raw[0, 0]
    found = torch.tensor([disparity[at].item() for at in expected])
    torch.testing.assert_close(found, torch.tensor(list(expected.values())), rtol=1e-5, atol=0.0)
