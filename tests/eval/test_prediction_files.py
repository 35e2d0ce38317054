from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from eval.own_depth import own_depth
from eval.prediction_files import claim_name, is_done, write_prediction
from mde.errors import InputError
from mde.record import decode_uint16
from tests.eval.test_own_depth import own_image


def test_names_are_lengthened_where_another_picture_has_them(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    paths = [Path(f"/p/{name}") for name in ("a/hall.jpg", "b/hall.jpg", "c/b/hall.jpg", "b/hall.png", "a/hall.jpg")]
    names = []
    for path in paths:
        names.append(claim_name(path, [folder]))
        (folder / f"{names[-1]}_depth.json").write_text(json.dumps({"image": path.as_posix()}))
    assert names == ["hall", "b_hall", "c_b_hall", "p_b_hall", "hall"]


def test_the_sidecar_says_what_the_files_mean(tmp_path: Path, red_net: Callable) -> None:
    net, own = red_net(), own_image(24, 40)
    found = own_depth(net, own, focal_px=None)
    facts = write_prediction(tmp_path, "a", own, found, net.spec, cloud="glb")
    assert json.loads((tmp_path / "a_depth.json").read_text()) == json.loads(json.dumps(facts, default=str))
    assert facts["depth"]["units_per_metre"] == 256 and facts["depth"]["rounding_m"] == 0.5 / 256
    stored = torch.from_numpy(decode_uint16((tmp_path / "a_depth.png").read_bytes()).astype("float32")) / 256
    torch.testing.assert_close(stored, found.depth_m, atol=0.5 / 256 + 1e-6, rtol=0.0)
    assert facts["cloud"]["axes"].endswith("(glTF)") and (tmp_path / facts["files"]["cloud"]).is_file()
    assert facts["network"]["weights_sha256"] == "0" * 64 and facts["camera"]["width"] == 40


def test_files_are_done_until_picture_or_network_change_or_one_is_gone(tmp_path: Path, red_net: Callable) -> None:
    net, own = red_net(), own_image(24, 40)
    assert not is_done(tmp_path, "a", own, net.spec)
    write_prediction(tmp_path, "a", own, own_depth(net, own, focal_px=None), net.spec, cloud="ply")
    assert is_done(tmp_path, "a", own, net.spec)
    assert not is_done(tmp_path, "a", own, red_net(weights_sha256="1" * 64).spec)
    (tmp_path / "a_cloud.ply").unlink()
    assert not is_done(tmp_path, "a", own, net.spec)


def test_a_picture_without_any_depth_is_refused_and_nothing_written(tmp_path: Path, red_net: Callable) -> None:
    net, own = red_net(offset_m=-1e3), own_image(24, 40)
    with pytest.raises(InputError, match="no depth at all"):
        write_prediction(tmp_path / "x", "a", own, own_depth(net, own, focal_px=None), net.spec, cloud="none")
    assert not (tmp_path / "x").exists()
