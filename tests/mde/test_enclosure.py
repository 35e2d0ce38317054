"""The enclosure, from outside: a program of ours is started in it and says what it can reach."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import mde.enclosure as module
from mde.allowance import Allowance
from mde.enclosure import VARIABLE, checked_additions, command_line, memory_of_others, prepared
from mde.errors import InputError
from mde.landlock import landlock_abi, why_not
from mde.provenance import noted
from tests.conftest import ROOT

needs_landlock = pytest.mark.skipif(landlock_abi() == 0, reason=f"Landlock: {why_not()}")
BEGIN = """
import os, socket, subprocess, sys
from mde.enclosure import enclosed, has_network, is_shut_in, leave, reached
"""


def run(code: str, own: Allowance, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = prepared(own, added=(), revision="abc", dies_with_parent=True)
    return subprocess.run(
        command_line(["-c", BEGIN + code]),
        **{"cwd": cwd, "env": environment, "capture_output": True, "text": True, "timeout": 60, **options},
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that may be read and one that may not."""
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def own(place: Path) -> Allowance:
    return Allowance(reads=(str(place / "open"),), writes=(str(place / "made"),))


def level(place: Path) -> str | None:
    """Why enforcement is not possible on this machine; None where it is."""
    done = run("print(reached())", own(place), place)
    assert done.returncode == 0, done.stderr
    return None if done.stdout == "None\n" else done.stdout.strip()


def test_inside_there_is_the_list_and_no_network(place: Path) -> None:
    why = level(place)
    if why is not None:
        pytest.skip(f"this system cannot enclose: {why}")
    code = """
print(open('open/file').read(), os.environ['TMPDIR'], os.environ['MDE_REVISION'], socket.if_nameindex()[0][1])
open('made/new', 'w').write('x')
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(('127.0.0.1', 0))  # the loopback is up
assert is_shut_in() and not has_network()
open('closed/file')
"""
    done = run(code, own(place), place)
    assert done.stdout == "open /dev/shm abc lo\n"
    assert done.returncode == 1 and "--allow PATH adds" in done.stderr
    assert (place / "made" / "new").read_text() == "x"


def test_no_program_inside_reaches_a_server_of_this_machine(place: Path) -> None:
    """Not by TCP, which Landlock stops too, and not by UDP, which it does not."""
    why = level(place)
    if why is not None:
        pytest.skip(f"this system cannot enclose: {why}")
    with (
        socket.create_server(("127.0.0.1", 0)) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        for listener in (stream, datagrams):
            listener.settimeout(0.5)
        bare = f"""
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'secret', {datagrams.getsockname()})
try:
    socket.create_connection({stream.getsockname()}, timeout=5)
except OSError as error:
    print(type(error).__name__)
"""
        program = [sys.executable, "-I", "-S", "-c", bare]  # no hook of ours, as in any other program
        done = run(f"sys.exit(subprocess.run({program!r}).returncode)", own(place), place)
        assert done.returncode == 0 and done.stdout in ("PermissionError\n", "ConnectionRefusedError\n"), done.stderr
        with pytest.raises(TimeoutError):
            stream.accept()
        with pytest.raises(TimeoutError):
            datagrams.recv(9)
        assert subprocess.run(program, capture_output=True, text=True, check=True).stdout == ""  # from here it does
        assert datagrams.recv(9) == b"secret"


@needs_landlock
def test_open_files_and_input_do_not_come_along(place: Path) -> None:
    with open(place / "closed" / "file") as secret:
        code = """
assert sys.stdin.read() == ''
for number in range(3, 64):
    try:
        os.fstat(number)
    except OSError:
        continue
    print(number, os.readlink(f'/proc/self/fd/{number}'))
"""
        done = run(code, own(place), place, stdin=secret, pass_fds=(secret.fileno(),))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_exit_status_and_words_are_the_commands_own(place: Path) -> None:
    done = run("print('out'); print('err', file=sys.stderr); sys.exit(7)", own(place), place)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    done = run("os.kill(os.getpid(), 9)", own(place), place)
    assert done.returncode == -signal.SIGKILL


def test_ctrl_c_reaches_the_command(place: Path) -> None:
    code = """
try:
    print('ready', flush=True)
    __import__('time').sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""
    process = subprocess.Popen(
        command_line(["-c", BEGIN + code]),
        cwd=place,
        env=prepared(own(place), added=(), revision=None, dies_with_parent=False),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    process.stdout.close()


def test_pythons_started_inside_watch_themselves(place: Path) -> None:
    code = """
from mde.provenance import reads_noted
from pathlib import Path
with reads_noted(Path('made/log')):
    child = subprocess.run([sys.executable, '-c', "open('open/file'); open('closed/file')"], capture_output=True)
    sys.exit(child.returncode)
"""
    assert run(code, own(place), place).returncode == 1
    kinds, _ = noted(place / "made" / "log")
    assert str(place / "open" / "file") in kinds["read"] and kinds["denied"] == [str(place / "closed" / "file")]
    assert any(path.endswith("mde/provenance.py") or "provenance" in path for path in kinds["read"])  # from the start


THREAD = "import time; from threading import Thread; Thread(target=time.sleep, args=(60,), daemon=True).start()"


@pytest.mark.parametrize("threads", ["import numpy", THREAD])
def test_a_command_shuts_itself_in_and_starts_anew_only_beside_threads(place: Path, threads: str) -> None:
    """numpy's threads end in a fork; a thread that stays would go on reading outside."""
    code = f"""
import os, sys
from pathlib import Path
from mde.allowance import Allowance
from mde.enclosure import enclose, enclosed, reached
from mde.provenance import noted, reads_noted
if enclosed() is None:
    {threads}
    own = Allowance(reads=({str(place / "open")!r},), writes=({str(place / "made")!r},))
    enclose(own, ["-c", sys.argv[1], sys.argv[1], "anew"], added=(), revision="abc")
with reads_noted(Path("made/log")):
    print(sys.argv[2:], open("open/file").read(), os.environ["MDE_REVISION"], reached())
print([path for path in noted(Path("made/log"))[0]["read"] if path.endswith(("open/file", "mde/allowance.py"))])
open("closed/file")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, code],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output, errors = process.communicate(timeout=60)
    why = level(place)
    assert output.splitlines()[0] == f"{['anew'] if 'Thread' in threads else []} open abc {why}", errors
    assert str(place / "open" / "file") in output.splitlines()[1]
    assert ("mde/allowance.py" in output) == ("Thread" not in threads)  # compiled files of modules are read otherwise
    assert process.returncode == 1 and "--allow PATH adds" in errors


def test_folders_that_stay_empty_are_taken_away_again(place: Path) -> None:
    deep = Allowance(writes=(str(place / "a" / "b" / "c"),))
    assert run("assert os.path.isdir('a/b/c'); leave()", deep, place).returncode == 0
    assert sorted(path.name for path in place.iterdir()) == ["closed", "open"]
    assert run("open('a/b/c/kept', 'w').close(); leave()", deep, place).returncode == 0
    assert (place / "a" / "b" / "c" / "kept").is_file()


def test_a_variable_alone_convinces_nobody(place: Path) -> None:
    environment = prepared(own(place), added=(), revision=None, dies_with_parent=False)
    stated = {**json.loads(environment[VARIABLE]), "files": None, "network": None}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + "print(reached())"],
        cwd=place,
        env={**environment, VARIABLE: json.dumps(stated)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "files beyond the list can be opened\n"


def test_what_the_launcher_could_not_do_is_said(place: Path) -> None:
    code = """
import mde.enclosure as module
module.landlock_abi = lambda: 0
module.why_not = lambda: 'this kernel has no Landlock'
module.launch()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "-c", BEGIN + "print(reached()); open('closed/file')"],
        cwd=place,
        env=prepared(own(place), added=(), revision=None, dies_with_parent=False),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "this kernel has no Landlock\n"
    assert done.returncode == 1 and "--allow PATH adds" in done.stderr  # observed, and refused by Python's hook


CONTAINER = """
import os, sys
import mde.seccomp as module
module.REFUSED, module.MAKES_SOCKETS = {"x86_64": (272,), "aarch64": (97,)}, {"x86_64": (), "aarch64": ()}
sys.exit(module.give_up_sockets() or os.execv(sys.argv[1], sys.argv[1:]))
"""
"""A filter around all, which refuses `unshare` as those of containers do; a launcher is started in it."""


def in_container(code: str, place: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", CONTAINER, *command_line(["-c", BEGIN + code])],
        cwd=place,
        env={**prepared(own(place), added=(), revision=None, dies_with_parent=True), "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "permits no seccomp" in done.stderr or "not known here" in done.stderr:
        pytest.skip(done.stderr)
    return done


@needs_landlock
def test_a_container_without_namespaces_is_enclosed_by_seccomp(place: Path) -> None:
    if memory_of_others():
        pytest.skip("others keep files in shared memory")
    code = """
print(reached(), enclosed().closed_by, open('open/file').read())
import shutil, tempfile
with tempfile.NamedTemporaryFile('w+') as kept:  # in a folder of its own, since /dev/shm is not
    kept.write('kept')
    kept.flush()
    assert open(kept.name).read() == 'kept' and kept.name.startswith(enclosed().temporary)
tempfile.mkdtemp()
leave()
assert not os.path.exists(enclosed().temporary)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(family, socket.SOCK_DGRAM)
    except PermissionError:
        print('refused', end=' ')
open('closed/file')
"""
    done = in_container(code, place)
    assert done.stdout == "None seccomp open\nrefused refused refused ", done.stderr
    assert done.returncode == 1 and "--allow PATH adds" in done.stderr


@needs_landlock
def test_files_of_others_in_shared_memory_that_stays_shared_are_said(place: Path) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="mde-test-") as photo:
        photo.write(b"real")
        done = in_container("print(reached())", place)
        assert f"{os.path.basename(photo.name)} in /dev/shm" in done.stdout or len(memory_of_others()) > 1, done.stderr
        assert "permits none of its own" in done.stdout


@needs_landlock
@pytest.mark.parametrize("is_in_container", [True, False])
def test_memory_and_nameless_sockets_of_other_processes_stay_closed(place: Path, is_in_container: bool) -> None:
    """The first is Landlock's doing; the second too from version 6 on, else that of a network of one's own."""
    secret = ctypes.create_string_buffer(b"a photograph")
    name = f"\0mde-test-{os.getpid()}"
    code = f"""
import ctypes, struct
def read(pid, address, size):
    into = ctypes.create_string_buffer(size)
    here, there = (struct.pack('PN', where, size) for where in (ctypes.addressof(into), address))
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.process_vm_readv(pid, here, ctypes.c_ulong(1), there, ctypes.c_ulong(1), ctypes.c_ulong(0))
print(read({os.getpid()}, {ctypes.addressof(secret)}, 12))
from mde.provenance import unwatched
with unwatched(), socket.socket(socket.AF_UNIX) as connection:
    try:
        connection.connect({name!r})
        print('connected')
    except OSError as error:
        print('refused')
"""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        outside = subprocess.run(
            [sys.executable, "-c", BEGIN + code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        done = in_container(code, place) if is_in_container else run(code, own(place), place)
    assert outside.stdout.splitlines()[1] == "connected"
    if outside.stdout.splitlines()[0] != "12":
        pytest.skip("this system lets nobody read another process's memory")
    is_open = landlock_abi() < 6 and is_in_container
    assert done.stdout == f"-1\n{'connected' if is_open else 'refused'}\n", done.stderr


PYTHON = "/usr/bin/python3"
"""The system's, which every user may run; the launcher needs no package."""


@needs_landlock
def test_a_user_without_privileges_is_enclosed_too() -> None:
    if os.getuid() != 0:
        pytest.skip("this test takes privileges away, and there are none: the others have shown it already")
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    needed = f"import sys; assert sys.version_info >= (3, 11); open({str(ROOT / 'mde/errors.py')!r})"
    if subprocess.run([*become, PYTHON, "-c", needed], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"other users cannot read this checkout, or there is no {PYTHON} of 3.11 or later")
    if subprocess.run([*become, "unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system permits users no network of their own")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        os.chmod(folder, 0o755)
        (Path(folder) / "file").write_text("closed")
        (made := Path(folder) / "made").mkdir()
        made.chmod(0o777)
        code = f"print(reached()); open('made/new', 'w').close(); print(os.getuid()); open({folder + '/file'!r})"
        done = subprocess.run(
            [*become, PYTHON, *command_line(["-c", BEGIN + code])[1:]],
            cwd=folder,
            env=prepared(Allowance(writes=(str(made),)), added=(), revision=None, dies_with_parent=False),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "None\n65534\n" and "--allow PATH adds" in done.stderr, done.stderr
        assert (made / "new").stat().st_uid == 65534


def test_an_addition_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        checked_additions([tmp_path / "nowhere"])
    assert module.enclosed() is None
