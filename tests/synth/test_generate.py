"""The command: same bytes for any number of workers and any interruption, refusals in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mde.errors import InputError
from mde.shards import ShardReader, read_index
from synth.generate import _enter, generate, main, plan_text
from synth.generate_config import GenerateConfig, resolved
from tests.conftest import heed_ctrl_c

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"indoor": "24x32", "driving": "24x80"}


def config_for(out: Path, **changes) -> GenerateConfig:
    domain = changes.pop("domain", "indoor")
    defaults = {"n": 4, "shard_size": 2, "workers": 1, "size": SIZES[domain]}
    return GenerateConfig(domain=domain, out=out, **{**defaults, **changes})


def shard_bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.glob("shard-*.tar"))}


def run_command(*options: str, **kwargs) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "synth.generate", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **kwargs)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, renderer) -> Path:
    """Four indoor images from one worker; `renderer` skips all of this where OpenGL is missing."""
    out = tmp_path_factory.mktemp("finished") / "indoor"
    generate(config_for(out))
    return out


@pytest.mark.opengl
@pytest.mark.slow
class TestRun:
    def test_a_run_leaves_readable_records_index_report_and_contact_sheet(self, finished):
        reader = ShardReader(finished)
        assert [reader[k].key for k in range(4)] == ["000000", "000001", "000002", "000003"]
        record = reader[2]
        assert (record.origin, record.domain, record.camera.size) == ("synthetic", "indoor", (24, 32))
        assert record.recipe["index"] == 2 and record.recipe["config_sha256"] == reader.index.config_sha256
        report = json.loads((finished / "report.json").read_text())
        assert report["images_per_s"] > 0 and report["figures"]["num_records"] == 4
        with Image.open(finished / "contact.png") as page:
            assert page.size[0] > 100
        assert json.loads((finished / "config.json").read_text())["config"]["n"] == 4

    def test_two_workers_write_the_same_bytes_as_one(self, finished, tmp_path):
        generate(config_for(tmp_path / "two", workers=2))
        assert shard_bytes(tmp_path / "two") == shard_bytes(finished)
        assert (tmp_path / "two" / "index.json").read_bytes() == (finished / "index.json").read_bytes()

    def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(self, finished, tmp_path):
        out = tmp_path / "killed"
        options = ("--n", "4", "--shard-size", "2", "--workers", "1", "--size", SIZES["indoor"], "--out", str(out))
        process = subprocess.Popen(
            [sys.executable, "-m", "synth.generate", *options],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while not list(out.glob("shard-00000.*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (out / "index.json").exists()
        with pytest.raises(InputError, match="unfinished"):
            read_index(out)
        generate(config_for(out))
        assert shard_bytes(out) == shard_bytes(finished)
        assert not list(out.glob("*.partial"))

    def test_a_worker_that_dies_is_replaced_and_the_bytes_are_the_same(self, finished, tmp_path):
        out = tmp_path / "replaced"
        options = ("--n", "4", "--shard-size", "2", "--workers", "1", "--size", SIZES["indoor"], "--out", str(out))
        process = subprocess.Popen(
            [sys.executable, "-m", "synth.generate", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 120
        while not list(out.glob("shard-00000.tar.*")) and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
        process.communicate(timeout=200)
        assert process.returncode == 0
        assert shard_bytes(out) == shard_bytes(finished)

    def test_growing_a_folder_keeps_its_full_shards_and_equals_a_fresh_run(self, finished, tmp_path):
        out = tmp_path / "grown"
        generate(config_for(out, n=3))
        before = (out / "shard-00000.tar").stat().st_mtime_ns
        assert generate(config_for(out, n=4)).num_records == 4
        assert (out / "shard-00000.tar").stat().st_mtime_ns == before
        assert shard_bytes(out) == shard_bytes(finished)

    def test_a_damaged_shard_is_rendered_again(self, finished, tmp_path):
        out = tmp_path / "damaged"
        generate(config_for(out))
        path = out / "shard-00001.tar"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        generate(config_for(out))
        assert shard_bytes(out) == shard_bytes(finished)

    def test_a_finished_run_does_nothing_when_called_again(self, finished):
        before = {path.name: path.stat().st_mtime_ns for path in finished.glob("shard-*")}
        assert generate(config_for(finished)).num_records == 4
        assert {path.name: path.stat().st_mtime_ns for path in finished.glob("shard-*")} == before

    def test_another_configuration_in_the_same_folder_is_refused(self, finished):
        for changes in ({"seed": 1}, {"size": "32x40"}, {"shard_size": 3}):
            with pytest.raises(InputError, match="holds a run with"):
                generate(config_for(finished, **changes))
        with pytest.raises(InputError, match="already holds 4 images"):
            generate(config_for(finished, n=2))

    def test_two_shares_at_work_in_one_folder_write_the_bytes_of_one_process(self, finished, tmp_path):
        out = tmp_path / "shared"
        options = ("--n", "4", "--shard-size", "2", "--workers", "1", "--size", SIZES["indoor"], "--out", str(out))
        shares = [
            subprocess.Popen([sys.executable, "-m", "synth.generate", *options, "--shard", share], cwd=ROOT)
            for share in ("1/2", "2/2")
        ]
        assert [share.wait(timeout=300) for share in shares] == [0, 0]
        assert shard_bytes(out) == shard_bytes(finished)
        assert (out / "index.json").read_bytes() == (finished / "index.json").read_bytes()

    def test_a_finished_folder_is_verified_and_its_samples_are_made_again(self, finished, capsys):
        main(GenerateConfig(verify=finished))
        main(GenerateConfig(replay=f"{finished}:2"))
        first, second = capsys.readouterr().out.splitlines()
        assert first == f"{finished}: 4 images, all files as they were written"
        assert second.startswith(f"sample 2 of {finished} is the same again, byte for byte (on ")

    def test_a_driving_run_has_the_camera_of_its_size(self, tmp_path):
        generate(config_for(tmp_path / "driving", domain="driving", n=1))
        record = ShardReader(tmp_path / "driving")[0]
        assert record.camera.f_px[0] == pytest.approx(721.5377 * 80 / 1242, rel=0.06)
        assert record.depth_units_per_metre == 256
        assert np.median(record.depth_m[record.depth_m > 0]) > 2.0

    def test_interrupting_ends_the_workers_and_says_how_to_go_on(self, tmp_path):
        out = tmp_path / "interrupted"
        options = ("--n", "40", "--workers", "1", "--size", SIZES["indoor"], "--out", str(out))
        process = subprocess.Popen(
            [sys.executable, "-m", "synth.generate", *options],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )
        deadline = time.monotonic() + 120
        while not list(out.glob("shard-00000.tar.*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: parent and workers get it
        _, message = process.communicate(timeout=60)
        assert process.returncode == 130
        assert message.strip().splitlines()[-1] == "interrupted; the same command goes on from here"
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)

    def test_a_file_system_that_takes_no_more_is_reported_in_one_line(self, tmp_path):
        import resource

        def small_files() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        options = ("--n", "2", "--workers", "1", "--size", "64x96", "--out", str(tmp_path / "full"))
        # Without this Python would cut off its own caches of our modules too, and believe in them later.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = run_command(*options, preexec_fn=small_files, env=environment)
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1].startswith("error: File too large")
        assert not list((tmp_path / "full").glob("*.tar"))


@pytest.fixture
def no_opengl(tmp_path) -> dict[str, str]:
    """An environment with a library path without EGL: an empty vendor list makes every display unavailable."""
    return {
        **os.environ,
        "__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path),
        "__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere",
    }


@pytest.mark.slow
@pytest.mark.parametrize("renderer", ["onepass", "pyrender"])
def test_missing_opengl_is_answered_with_the_packages_to_install(tmp_path, no_opengl, renderer):
    options = ("--n", "1", "--workers", "1", "--size", "24x32", "--renderer", renderer, "--out", str(tmp_path / "out"))
    done = run_command(*options, env=no_opengl)
    assert done.returncode == 2
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("error: OpenGL without a display is not available")
    assert message.endswith("apt-get install libegl1 libgl1")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_without_opengl_rays_are_followed_instead_and_it_is_said(tmp_path, no_opengl):
    out = tmp_path / "out"
    options = ("--n", "2", "--workers", "1", "--size", "24x32", "--out", str(out))
    done = run_command(*options, env=no_opengl)
    assert done.returncode == 0, done.stderr
    (note,) = (line for line in done.stderr.splitlines() if line.startswith("note:"))
    assert note.startswith("note: rendering with embree, since OpenGL without a display is not available")
    report = json.loads((out / "report.json").read_text())
    assert (report["renderer"], report["device"]) == ("embree", "Embree")
    assert report["renderer_notes"] == [note.removeprefix("note: ")]
    assert ShardReader(out).index.config["renderer"] == "embree"


@pytest.mark.slow
def test_a_folder_of_another_back_end_is_refused(tmp_path):
    out = tmp_path / "embree"
    generate(config_for(out, n=1, renderer="embree"))
    with pytest.raises(InputError, match=r"--renderer embree \(now onepass\)"):
        _enter(out, config_for(out, n=1, renderer="onepass"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "--n 0 is not a count of images; give 1 or more"),
        ({"n": -3}, "--n -3 is not"),
        ({"n": 1_000_000}, "six digits"),
        ({"shard_size": 0}, "--shard-size 0 is not"),
        ({"seed": -1}, "--seed -1 is negative"),
        ({"workers": 0}, "--workers 0 cannot"),
        ({"size": "big"}, "--size big is not HEIGHTxWIDTH"),
        ({"size": "8x8"}, "--size 8x8 is out of range"),
        ({"size": "-5x100"}, "--size -5x100 is not"),
    ],
)
def test_impossible_values_are_refused_in_one_line_before_anything_is_written(tmp_path, changes, message):
    config = replace(GenerateConfig(n=1, out=tmp_path / "out"), **changes)
    with pytest.raises(InputError) as caught:
        generate(config)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="choose an empty or new folder"):
        generate(GenerateConfig(n=1, out=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_defaults_are_the_benchmark_camera_and_a_folder_of_the_domain():
    config = resolved(GenerateConfig(n=1, domain="driving"))
    assert config.size == "375x1242" and config.out == Path("renders/driving")
    assert isinstance(config.workers, int) and config.workers >= 1


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path):
    text = plan_text(resolved(GenerateConfig(n=120, out=tmp_path / "out", size="192x640", workers=2)))
    assert "120 images" in text and "3 shards" in text and "min" in text and "GB" in text
    assert not (tmp_path / "out").exists()
