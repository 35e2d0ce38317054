"""A run with --pool: killed anywhere it ends with the same bytes, shares make the same choice, and it stays whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import synth.candidates
from mde.errors import InputError
from mde.files import read_json
from mde.shards import read_index
from synth.generate import generate, plan_text
from synth.generate_config import resolved
from synth.inspection import find_faults, inspect_folder
from synth.replay import replay
from synth.selection import read_selection
from tests.synth.noise_engine import noise_config, use_noise

ROOT = Path(__file__).resolve().parents[2]
SAME = ("shard", "index", "selec", "cover")
"""First letters of what must not depend on how a run went; `config.json` knows its share."""


@pytest.fixture(autouse=True)
def noise(monkeypatch):
    use_noise(monkeypatch)
    monkeypatch.setattr(synth.candidates, "BLOCK_SIZE", 6)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name.startswith(SAME)
    } | {f"previews/{path.name}": path.read_bytes() for path in (folder / "previews").iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "renders"
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_noise(monkeypatch)
        monkeypatch.setattr(synth.candidates, "BLOCK_SIZE", 6)
        generate(noise_config(out, pool=3))
    return out


def test_the_choice_is_rendered_and_no_other_sample(whole):
    kept = read_selection(whole).kept
    assert len(kept) == 7 and max(kept) < 21 and kept != tuple(range(7))
    indices = [index for number in range(4) for index in read_json(whole / f"shard-{number:05d}.json")["indices"]]
    assert tuple(indices) == kept and read_index(whole).num_records == 7


def test_every_share_makes_the_same_choice_in_one_folder_and_in_its_own(whole, tmp_path):
    for number in (1, 2):
        assert generate(noise_config(tmp_path / f"own-{number}", pool=3, shard=f"{number}/2")) is None
        index = generate(noise_config(tmp_path / "one", pool=3, shard=f"{number}/2"))
    assert index is not None and files(tmp_path / "one") == files(whole)
    choices = [(tmp_path / f"own-{number}" / "selection.json").read_bytes() for number in (1, 2)]
    assert choices == [(whole / "selection.json").read_bytes()] * 2


def test_a_share_leaves_the_half_written_previews_of_others_alone(tmp_path):
    (tmp_path / "previews").mkdir()
    other = tmp_path / "previews" / "block-00000.npz.7.0.partial"
    shared, alone = (noise_config(tmp_path / name, pool=2, shard=share) for name, share in (("a", "1/2"), ("b", None)))
    for config, survives in ((shared, True), (alone, False)):
        generate(config)
        leftover = Path(str(config.out)) / "previews" / other.name
        leftover.write_bytes(b"half")
        (Path(str(config.out)) / "selection.json").unlink()
        generate(config)
        assert leftover.exists() == survives


def test_growing_or_shrinking_a_choice_is_refused_and_nothing_is_lost(whole):
    before = files(whole)
    for number in (6, 8):
        with pytest.raises(
            InputError, match=rf"holds a choice of 7 from 21 candidates, which cannot become --n {number}"
        ):
            generate(noise_config(whole, n=number, pool=3))
    for changes in ({"pool": 2}, {"pool": 1}):
        with pytest.raises(InputError, match="holds a run with"):
            generate(noise_config(whole, **changes))
    assert files(whole) == before


def test_a_folder_with_a_choice_is_verified_and_its_samples_replayed(whole):
    assert inspect_folder(whole) == f"{whole}: 7 images, all files as they were written"
    kept = read_selection(whole).kept
    assert "is the same again, byte for byte" in replay(f"{whole}:{kept[3]}", None)
    path = whole / "selection.json"
    content = path.read_text()
    path.write_text(content.replace(f"{kept[0]},", f"{kept[0] + 100},", 1))
    assert list(find_faults(whole, lambda: None)) == ["selection.json is not the choice that report.json names"]
    path.write_text(content)


def test_a_damaged_or_foreign_block_is_drawn_again(whole, tmp_path):
    out = tmp_path / "renders"
    generate(noise_config(out, pool=3))
    block = out / "previews" / "block-00001.npz"
    block.write_bytes(block.read_bytes()[:300])
    (out / "previews" / "block-00002.npz").write_bytes((out / "previews" / "block-00000.npz").read_bytes())
    (out / "selection.json").unlink()
    generate(noise_config(out, pool=3))
    assert files(out) == files(whole)


def test_the_plan_counts_previews_and_a_slow_back_end(tmp_path):
    def minutes(**changes) -> float:
        text = plan_text(resolved(noise_config(tmp_path / "out", n=600, size="480x640", **changes)))
        return float(text.split("about ")[1].split(" min")[0])

    assert minutes(pool=4) > minutes() + 1.0
    assert minutes(renderer="embree") > 4 * minutes()
    text = plan_text(resolved(noise_config(tmp_path / "out", n=600, pool=4)))
    assert "before them 2400 previews to choose from" in text and "600 images" in text


KILLER = """
import os, signal, sys
from pathlib import Path
import pytest
import synth.candidates
from synth.generate import generate
from tests.synth.noise_engine import noise_config, use_noise
from tests.synth.test_candidates import files
use_noise(pytest.MonkeyPatch())
synth.candidates.BLOCK_SIZE = 4
root, rename = Path(sys.argv[1]), os.replace
generate(noise_config(root / "whole", n=3, pool=2))
whole, names = files(root / "whole"), []

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
        generate(noise_config(out, n=3, pool=2))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
    generate(noise_config(out, n=3, pool=2))
    assert files(out) == whole and not list(out.rglob("*.partial")), count
"""


@pytest.mark.slow
def test_a_kill_before_any_rename_is_made_good_by_the_same_command(tmp_path):
    """kill -9 during every write: while previews are drawn, while the choice is written, and while it is rendered."""
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [
        "config.json",
        "config.json",
        "block-00001.npz",
        "block-00000.npz",
        "coverage.html",
        "selection.json",
        "shard-00001.tar",
        "shard-00001.json",
        "shard-00000.tar",
        "shard-00000.json",
        "index.json",
        "contact.png",
        "depth.png",
        "report.json",
    ]
