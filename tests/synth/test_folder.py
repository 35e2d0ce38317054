"""The folder of a run: shares, growth, kills at any write and full disks, with noise instead of pictures."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import synth.engine
from mde.errors import InputError
from mde.files import read_json
from synth.generate import generate, main, plan_text
from synth.generate_config import resolved
from tests.synth.noise_engine import noise_config, use_noise

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def noise_pool(monkeypatch):
    use_noise(monkeypatch)


def files(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob(pattern))}


def assert_same_shards(folder: Path, other: Path) -> None:
    assert files(folder, "shard-*") == files(other, "shard-*")
    assert (folder / "index.json").read_bytes() == (other / "index.json").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "renders"
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_noise(monkeypatch)
        generate(noise_config(out))
    return out


class TestShares:
    def test_folders_of_shares_are_one_run_when_they_are_copied_together(self, whole, tmp_path):
        for number in (1, 2, 3):
            out = tmp_path / f"share-{number}"
            assert generate(noise_config(out, shard=f"{number}/3")) is None
            assert not {"index.json", "contact.png", "report.json"} & files(out).keys()
            shutil.copytree(out, tmp_path / "union", dirs_exist_ok=True)
        before = files(tmp_path / "union", "shard-*.tar")
        assert generate(noise_config(tmp_path / "union")).num_records == 7
        assert files(tmp_path / "union", "shard-*.tar") == before
        assert_same_shards(tmp_path / "union", whole)

    def test_in_one_folder_the_last_share_writes_the_index(self, whole, tmp_path):
        out = tmp_path / "shared"
        assert generate(noise_config(out, shard="2/2")) is None
        index = generate(noise_config(out, shard="1/2"))
        assert index is not None and index.num_records == 7
        assert_same_shards(out, whole)
        assert read_json(out / "report.json")["figures"]["num_records"] == 7

    def test_a_share_leaves_the_half_written_files_of_others_alone(self, tmp_path):
        out = tmp_path / "shared"
        generate(noise_config(out, shard="1/2"))
        mine, other = out / "shard-00002.tar.7.0.partial", out / "shard-00001.tar.7.0.partial"
        for leftover in (mine, other):
            leftover.write_bytes(b"half")
        generate(noise_config(out, shard="1/2"))
        assert other.exists() and not mine.exists()
        generate(noise_config(out))
        assert not list(out.glob("*.partial"))

    def test_a_share_is_not_finished_by_a_damaged_shard_of_another(self, whole, tmp_path):
        out = tmp_path / "shared"
        generate(noise_config(out, shard="2/2"))
        (out / "shard-00001.tar").write_bytes(b"")
        assert generate(noise_config(out, shard="1/2")) is None
        assert not (out / "index.json").exists()
        generate(noise_config(out))
        assert_same_shards(out, whole)

    def test_a_share_without_shards_is_complete_at_once(self, tmp_path, capsys):
        config = noise_config(tmp_path / "few", n=2, shard="2/5")
        main(config)
        assert "share 2/5 is complete" in capsys.readouterr().out

    def test_shares_of_a_folder_that_grows_keep_what_is_there(self, tmp_path):
        out = tmp_path / "grown"
        generate(noise_config(out, n=4))
        before = (out / "shard-00001.tar").stat().st_mtime_ns
        for number in (1, 2):
            index = generate(noise_config(out, shard=f"{number}/2"))
        assert index.num_records == 7
        assert (out / "shard-00001.tar").stat().st_mtime_ns == before

    def test_another_configuration_is_refused_for_a_share_too(self, tmp_path):
        generate(noise_config(tmp_path / "shared", shard="1/2"))
        with pytest.raises(InputError, match="holds a run with"):
            generate(noise_config(tmp_path / "shared", shard="2/2", seed=1))

    def test_the_plan_of_a_share_is_that_of_its_images(self, tmp_path):
        text = plan_text(resolved(noise_config(tmp_path / "out", shard="2/2")))
        assert "3 images" in text and "2 shards" in text and "free" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"shard": "0/2"}, "the first is 1/N"), ({"ray_address": "auto"}, "is for clusters; add --engine ray")],
)
def test_impossible_options_are_refused_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        generate(noise_config(tmp_path / "out", **changes))
    assert not (tmp_path / "out").exists()


def test_a_report_about_an_earlier_index_is_written_again(tmp_path):
    out = tmp_path / "renders"
    generate(noise_config(out, n=4))
    old = (out / "report.json").read_bytes()
    generate(noise_config(out))
    (out / "report.json").write_bytes(old)  # as if the run had been killed between index and report
    generate(noise_config(out))
    assert read_json(out / "report.json")["figures"]["num_records"] == 7


def test_the_page_is_written_on_request_and_its_address_is_printed(tmp_path, capsys):
    main(noise_config(tmp_path / "renders"))
    assert not (tmp_path / "renders" / "preview.html").exists()
    main(noise_config(tmp_path / "renders", preview=True))
    assert f"look at them: file://{tmp_path}/renders/preview.html" in capsys.readouterr().out
    assert (tmp_path / "renders" / "preview.html").read_text().count('class="card"') == 7


class TestFullDisk:
    @pytest.fixture
    def full_disk(self, monkeypatch):
        """Every second rename finds the disk full, once for each file; those of config.json do not."""
        rename, seen = os.replace, []

        def replace_unless_full(source, target):
            if not str(target).endswith("config.json"):
                seen.append(str(target))
            if len(seen) % 2 and seen.count(str(target)) == 1:
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            rename(source, target)

        return lambda: monkeypatch.setattr(os, "replace", replace_unless_full)

    def test_an_attended_run_pauses_and_ends_with_the_same_bytes(self, whole, tmp_path, full_disk, monkeypatch, capsys):
        monkeypatch.setattr(os, "isatty", lambda handle: True)
        full_disk()
        generate(noise_config(tmp_path / "paused"))
        assert_same_shards(tmp_path / "paused", whole)
        assert "disk full at" in capsys.readouterr().err

    def test_without_a_terminal_it_is_an_error_and_nothing_is_lost(self, whole, tmp_path, full_disk):
        out = tmp_path / "ended"
        full_disk()
        ended = 0
        for _ in range(20):
            try:
                generate(noise_config(out))
                break
            except OSError as error:
                assert error.errno == errno.ENOSPC
                ended += 1
        assert ended > 2
        assert_same_shards(out, whole)

    def test_too_little_room_is_said_before_the_start(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(synth.engine, "free_bytes", lambda directory: 1000)
        generate(noise_config(tmp_path / "renders"))
        message = capsys.readouterr().err
        assert "warning: about 1 MB are needed under" in message and "free some space in time" in message
        generate(noise_config(tmp_path / "renders"))
        assert "warning" not in capsys.readouterr().err, "nothing is missing any more"


KILLER = """
import os, signal, sys
from pathlib import Path
import pytest
from synth.generate import generate
from tests.synth.noise_engine import noise_config, use_noise
use_noise(pytest.MonkeyPatch())
root, rename = Path(sys.argv[1]), os.replace
generate(noise_config(root / "whole", n=3))
whole = {path.name: path.read_bytes() for path in (root / "whole").glob("*") if path.name[:5] in ("shard", "index")}
names = []

def killing(count):
    def replace(source, target):
        names.append(Path(target).name)
        if len(names) == count:
            os.write(1, (names[-1] + "\\n").encode())
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target)
    return replace

for count in range(1, 100):
    out = root / f"killed-{count}"
    child = os.fork()
    if child == 0:
        os.replace = killing(count)
        generate(noise_config(out, n=3))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
    assert len(list(out.glob("*.partial"))) == 1
    generate(noise_config(out, n=3))
    found = {path.name: path.read_bytes() for path in out.glob("*") if path.name in whole}
    assert found == whole and not list(out.glob("*.partial")), count
"""


@pytest.mark.slow
def test_a_kill_before_any_rename_of_the_run_is_made_good_by_the_same_command(tmp_path):
    """kill -9 during every write of a run, among them those of side files, index, contact sheet and report."""
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [
        "config.json",
        "config.json",
        "shard-00001.tar",
        "shard-00001.json",
        "shard-00000.tar",
        "shard-00000.json",
        "index.json",
        "contact.png",
        "depth.png",
        "report.json",
    ]


STARTER = """
import sys
import pytest
from pathlib import Path
from synth.generate import generate
from tests.synth.noise_engine import noise_config, use_noise
use_noise(pytest.MonkeyPatch())
sys.stdin.readline()
generate(noise_config(Path(sys.argv[1]), shard=sys.argv[2]))
"""


@pytest.mark.slow
def test_shares_that_start_at_the_same_moment_do_not_disturb_each_other(whole, tmp_path):
    out = tmp_path / "together"
    shares = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(out), f"{number}/3"], cwd=ROOT, stdin=subprocess.PIPE, text=True
        )
        for number in (1, 2, 3)
    ]
    for share in shares:
        share.stdin.write("go\n")
        share.stdin.close()
    assert [share.wait(timeout=600) for share in shares] == [0, 0, 0]
    assert_same_shards(out, whole)
    assert not list(out.glob("*.partial"))
