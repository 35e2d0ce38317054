"""Decoys: a "real" image at the end of every way that a mistake could take, and what each level makes of it.

`observed` has Python's hook alone, `kernel` Landlock and namespaces alone, `container` Landlock and seccomp alone,
`enforced` hook and kernel, and `nothing` shows that every way leads to the image where it is free.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save_file

from mde.allowance import Allowance
from mde.enclosure import command_line, prepared
from mde.landlock import landlock_abi, why_not
from mde.provenance import noted
from tests.conftest import ROOT
from tests.mde.decoy_routes import ROUTES, SECRET, name_of

pytestmark = pytest.mark.slow  # twelve seconds for all of them; `make test` has them
PLAIN = "import mde.enclosure as m"
CONTAINER = f"{PLAIN}; m.leave_network_and_memory = lambda: 'left out'"
OBSERVING = f"{CONTAINER}; m.landlock_abi = lambda: 0; m.give_up_sockets = lambda: 'left out'"
LAUNCHERS = {"observed": OBSERVING, "kernel": PLAIN, "container": CONTAINER, "enforced": PLAIN}
UNSEEN = {"h5py", "safetensors", "torch.from_file", "torchvision.io", "cv2.imread", "libc", "native DataLoader worker"}
"""Native code: observed neither refuses nor notes it."""
PROGRAMS = {"cat": "cat", "bare Python": "python"}
"""Other programs: observed notes that they were started, not what they read."""
UNDER_ANOTHER_NAME = {"own hard link", "moving"}
"""Observed takes what was brought into the run's own folder for the run's own."""
NEVER_STOPPED = {"hard link", "named socket of a program"}
"""What somebody puts into an allowed folder is a file of that folder; a service outside reads for whom it likes."""


@dataclass(frozen=True)
class Found:
    """What came of the ways, and what was noted meanwhile."""

    answers: dict[str, str]
    noted: dict[str, list[str]]


def make_decoy(path: Path) -> None:
    if path.suffix == ".png":
        information = PngInfo()
        information.add_text("secret", SECRET.decode())
        Image.new("RGB", (4, 4), (9, 8, 7)).save(path, pnginfo=information)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["secret"] = SECRET
    elif path.suffix == ".safetensors":
        save_file({"secret": np.frombuffer(SECRET, np.uint8)}, path)
    elif path.suffix == ".sqlite":
        connection = sqlite3.connect(path)
        connection.execute("create table photos (secret blob)")
        connection.execute("insert into photos values (?)", (SECRET,))
        connection.commit()
        connection.close()
    else:
        path.write_bytes(SECRET)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program of this machine that hands out a decoy to whoever asks at its named socket."""
    path = tmp_path_factory.mktemp("service") / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    with listener.accept()[0] as other:
                        other.sendall(SECRET)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, service: Path) -> Found:
    level: str = request.param
    if level in ("kernel", "container", "enforced") and landlock_abi() == 0:
        pytest.skip(f"Landlock: {why_not()}")
    place = tmp_path_factory.mktemp(level)
    closed, opened, made = (place / name for name in ("closed", "open", "made"))
    for folder in (closed, opened, made):
        folder.mkdir()
    for way in ROUTES:
        make_decoy(closed / name_of(way))
    (opened / f"way-to-{name_of('symbolic link')}").symlink_to(closed / name_of("symbolic link"))
    os.link(closed / name_of("hard link"), opened / f"same-as-{name_of('hard link')}")
    own = Allowance(reads=(str(opened), str(ROOT / "tests" / "mde")), writes=(str(made),))
    hook = "hook" if level in ("observed", "enforced") else "no-hook"
    arguments = [str(ROOT / "tests/mde/decoy_routes.py"), *map(str, (closed, opened, made, service)), hook]
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    if level in LAUNCHERS:
        python, bare, flag, _, *rest = command_line(arguments)
        command = [python, bare, flag, f"{LAUNCHERS[level]}; m.launch()", *rest]
        environment |= prepared(own, added=(), revision=None, dies_with_parent=True)
    with open(closed / name_of("inherited handle")) as handle:
        done = subprocess.run(
            command,
            env=environment,
            pass_fds=(handle.fileno(),),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    log = made / "log"
    return Found(json.loads(done.stdout.splitlines()[-1]), noted(log)[0] if log.exists() else {})


def answer_of(found: Found, way: str) -> str:
    answer = found.answers[way]
    if answer.startswith("not here"):
        pytest.skip(answer)
    return answer


def is_among(way: str, paths: list[str]) -> bool:
    return any(path.endswith(name_of(way)) for path in paths)


@pytest.mark.parametrize("found", ["nothing"], indirect=True)
@pytest.mark.parametrize("way", ROUTES)
def test_every_way_is_one(found: Found, way: str) -> None:
    assert answer_of(found, way) == "read"


@pytest.mark.parametrize("found", ["observed"], indirect=True)
@pytest.mark.parametrize("way", ROUTES)
def test_observed_refuses_and_notes_what_python_sees(found: Found, way: str) -> None:
    answer = answer_of(found, way)
    if way in UNSEEN:
        assert answer == "read" and not is_among(way, found.noted["read"]) and not is_among(way, found.noted["denied"])
    elif way in PROGRAMS:
        assert answer == "read" and any(PROGRAMS[way] in program for program in found.noted["program"])
    elif way in UNDER_ANOTHER_NAME | NEVER_STOPPED:
        assert answer == "read"
    else:
        assert answer == "refused"
        if way not in ("named socket", "inherited handle", "own symbolic link"):
            assert is_among(way, found.noted["denied"])


@pytest.mark.parametrize("found", ["kernel", "container", "enforced"], indirect=True)
@pytest.mark.parametrize("way", ROUTES)
def test_enforced_stops_every_way(found: Found, way: str) -> None:
    answer = answer_of(found, way)
    is_open = way in NEVER_STOPPED or (way == "named socket" and not found.noted)  # the hook refuses what it sees
    assert answer == ("read" if is_open else "refused")
