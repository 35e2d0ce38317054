"""Runs with assets: told, recorded, resumed with the same ones only, and made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import synth.cluster
import synth.worker
from mde.errors import InputError
from mde.shards import ShardReader, read_index
from synth.asset_file import assets_path, open_assets
from synth.assets import prepare_assets
from synth.cluster import render_on_node
from synth.generate import generate, main, plan_text
from synth.generate_config import GenerateConfig, resolved
from synth.sample_config import SampleConfig
from tests.synth.asset_files import own_cache, write_ball, write_folder
from tests.synth.noise_engine import noise_config, use_noise


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    return own_cache(monkeypatch, tmp_path / "cache")


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = write_folder(tmp_path / "assets")
    (folder / "text.glb").write_bytes(b"no model" * 9)
    return folder


def test_a_run_names_what_is_skipped_once_and_records_its_assets(folder, tmp_path, monkeypatch, capsys):
    use_noise(monkeypatch)
    out = tmp_path / "out"
    index = generate(noise_config(out, assets=str(folder)))
    lines = capsys.readouterr().err.splitlines()
    assert sum("text.glb cannot be read as GLB" in line for line in lines) == 1
    assert f"assets: 2 models and 1 textures of {folder}, 1 skipped" in lines
    sha256 = index.config["assets_sha256"]
    assert read_index(out).notes["assets"] == {"sha256": sha256, "num_models": 2, "num_textures": 1, "num_skipped": 1}
    report = json.loads((out / "report.json").read_text())
    assert report["assets"]["sha256"] == sha256 and list(report["assets"]["skipped"]) == ["text.glb"]
    assert report["config"]["assets"] == f"sha256:{sha256}"
    main(GenerateConfig(verify=out))


def test_a_folder_goes_on_with_the_same_assets_only(folder, tmp_path, monkeypatch):
    use_noise(monkeypatch)
    out = tmp_path / "out"
    generate(noise_config(out, assets=str(folder)))
    moved = folder.rename(folder.with_name("moved"))
    generate(noise_config(out, n=9, assets=str(moved)))
    with pytest.raises(InputError, match=r"holds a run with --assets sha256:\w+ \(now None\)"):
        generate(noise_config(out, n=9))
    write_ball(moved / "ball.ply", radius_m=0.2)
    with pytest.raises(InputError, match=r"holds a run with --assets sha256:\w+ \(now sha256:\w+\)") as caught:
        generate(noise_config(out, n=9, assets=str(moved)))
    assert "\n" not in str(caught.value)


def test_a_run_without_assets_notes_none(tmp_path, monkeypatch):
    use_noise(monkeypatch)
    index = generate(noise_config(tmp_path / "out"))
    assert index.config["assets_sha256"] is None and index.notes == {}
    main(GenerateConfig(verify=tmp_path / "out"))


def test_a_plan_tells_what_would_be_skipped(folder, tmp_path, capsys):
    text = plan_text(resolved(GenerateConfig(n=3, out=tmp_path / "out", assets=str(folder), renderer="embree")))
    assert text.startswith("plan: 3 images") and "text.glb cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_assets_of_which_none_fits_the_domain_are_refused(tmp_path):
    (tmp_path / "small").mkdir()
    write_ball(tmp_path / "small" / "ball.ply")
    config = GenerateConfig(n=1, domain="drone", out=tmp_path / "out", assets=str(tmp_path / "small"))
    with pytest.raises(InputError, match="holds nothing for the drone domain, whose things stand on: roadside; say"):
        generate(config)
    assert not (tmp_path / "out").exists()


def test_a_machine_of_a_cluster_keeps_the_assets_that_it_is_sent(folder, tmp_path, cache, monkeypatch):
    prepared = prepare_assets(folder)
    content = assets_path(prepared.sha256).read_bytes()
    for path in cache.glob("assets-*"):
        path.unlink()

    def render_shard(assets, path, indices, on_sample):
        path.write_bytes(b"shard")
        return {"num_models": len(assets.models)}

    monkeypatch.setattr(synth.cluster, "_sampler", lambda config: open_assets(config.assets_sha256))
    monkeypatch.setattr(synth.worker, "render_shard", render_shard)
    config = SampleConfig(domain="indoor", seed=0, height=24, width=32, assets_sha256=prepared.sha256)
    assert "are not prepared on this machine" in render_on_node(config, "a.tar", [0], None)["refused"]
    assert render_on_node(config, "a.tar", [0], content) == {"num_models": 2, "content": b"shard"}


def shard_bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.glob("shard-*.tar"))}


@pytest.mark.slow
def test_one_and_two_workers_write_the_same_bytes_and_a_replay_finds_the_assets_again(folder, tmp_path, cache, capsys):
    config = {"n": 6, "shard_size": 2, "size": "24x32", "renderer": "embree", "assets": str(folder)}
    one, two = tmp_path / "one", tmp_path / "two"
    generate(GenerateConfig(out=one, workers=1, **config))
    generate(GenerateConfig(out=two, workers=2, **config))
    assert shard_bytes(one) == shard_bytes(two)
    assert sum(record.recipe["summary"].get("asset", 0) for record in map(ShardReader(one).__getitem__, range(6))) > 0
    main(GenerateConfig(replay=f"{one}:4"))
    for path in cache.glob("assets-*"):
        path.unlink()
    with pytest.raises(InputError, match="name the folder that they come from with --assets DIR"):
        main(GenerateConfig(replay=f"{one}:4"))
    main(GenerateConfig(replay=f"{one}:4", assets=str(folder)))
    assert capsys.readouterr().out.count("is the same again, byte for byte") == 2
