"""Enclosure: a command of ours that can read what is on its list and nothing else.

`enclose` gives up the network (`mde.namespaces`, or `mde.seccomp` where the system permits none of its own), open files
and every path beyond an `Allowance` (`mde.landlock`), once the command has read its options and before it opens what
they name. Landlock does not reach threads that are there already: where imported libraries have started some, the
process becomes a small launcher (`launch`), which gives all of it up and then becomes the command anew. It is the same
process either way, so that signals and exit status are the command's own. Every Python inside also watches itself
(`mde.provenance`).

What a kernel or container does not permit is left out and said; the command tries its walls for itself (`reached`) and
believes no variable. Python's standard library alone is imported here.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

from mde.allowance import ROOT, Allowance, absolute, system_allowance
from mde.errors import InputError
from mde.landlock import landlock_abi, restrict_self, why_not
from mde.namespaces import SHARED_MEMORY, interfaces, leave_network_and_memory
from mde.provenance import LOG_VARIABLE, note_loaded, unwatched, watch
from mde.seccomp import can_make_sockets, give_up_sockets
from mde.shared_namespaces import ENVIRONMENT, leave_network_together

VARIABLE = "MDE_ENCLOSURE"
REVISION_VARIABLE = "MDE_REVISION"
OWN_NETWORK, NO_SOCKETS = "a network of its own", "seccomp"
"""What closes the network: one without a way out, or a filter that refuses sockets."""
_OBSERVER = str(ROOT / "mde" / "observer")
_NOWHERE = ("192.0.2.1", 9)  # an address for documentation (RFC 5737); connecting a datagram socket sends nothing
_KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_THREADS = "/proc/self/task"


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """The list of an enclosed process, and what its launcher could not do."""

    allowance: Allowance
    """All of it, with Python and the system."""
    own: Allowance
    """The part that this run alone asks for."""
    added: tuple[str, ...] = ()
    """Paths that the user added."""
    made: tuple[str, ...] = ()
    """Folders that were made for it, the inner ones first; `leave` removes those that stayed empty."""
    dies_with_parent: bool = False
    num_processes: int = 1
    files: str | None = "the launcher has not run"
    """Why Landlock does not confine it; None where it does."""
    network: str | None = "the launcher has not run"
    """Why the network is open; None where it is closed."""
    closed_by: str | None = None
    """What closed the network."""
    temporary: str | None = None
    """Folder for temporary files, made for it where shared memory is not its own; `leave` removes it."""


def enclose(own: Allowance, arguments: Sequence[str], *, added: Sequence[Path], revision: str | None) -> None:
    """Shut this process in; folders that are to be written are made first.

    Where other threads run already, it becomes the enclosed Python with `arguments` instead, and this does not return.
    """
    environment = prepared(own, added=added, revision=revision, dies_with_parent=False)
    if not _is_alone():
        sys.stdout.flush()
        sys.stderr.flush()
        command = command_line(arguments)
        os.execve(command[0], command, environment)
    os.environ.pop(LOG_VARIABLE, None)
    os.environ.update(environment)
    _confine()
    tempfile.tempdir = None  # where it lies was perhaps asked before
    watch_self()
    note_loaded()


def checked_additions(paths: Sequence[Path]) -> Sequence[Path]:
    """The paths that the user adds to the list. Raises InputError for one that is not there."""
    for path in paths:
        if not path.exists():
            raise InputError(f"--allow {path} does not exist; expected a file or folder that the run may read")
    return paths


def allowance_here(own: Callable[[], Allowance], added: Sequence[Path]) -> Allowance:
    """All that this process may read: the list that it was enclosed with, or the same list made here."""
    enclosure = enclosed()
    if enclosure is not None:
        return enclosure.allowance
    return system_allowance() | own() | Allowance(reads=absolute(checked_additions(added)))


def command_line(arguments: Sequence[str]) -> list[str]:
    """The launcher, which becomes Python with `arguments`."""
    begin = "from mde.enclosure import launch; launch()"
    return [sys.executable, "-S", "-c", begin, *arguments]


def prepared(own: Allowance, *, added: Sequence[Path], revision: str | None, dies_with_parent: bool) -> dict[str, str]:
    """The environment for `command_line`; makes the folders that `own` wants to write."""
    made = _made_folders(own.writes)
    removes = tuple(dict.fromkeys(os.path.dirname(folder) for folder in made))
    own |= Allowance(reads=absolute(added), removes=removes)
    enclosure = Enclosure(
        allowance=system_allowance() | own,
        own=own,
        added=absolute(added),
        made=made,
        dies_with_parent=dies_with_parent,
        num_processes=int(os.environ.get("WORLD_SIZE", "1")),
    )
    path = [str(ROOT), _OBSERVER, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, VARIABLE: _text(enclosure), "PYTHONPATH": os.pathsep.join(path)}
    environment.pop(LOG_VARIABLE, None)
    if revision is not None:
        environment[REVISION_VARIABLE] = revision
    return environment


def launch() -> NoReturn:
    """The launcher: give up what can be given up, then become the command of the arguments."""
    _confine()
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


def enclosed() -> Enclosure | None:
    """What this process was enclosed with; None where it was not started by the launcher."""
    text = os.environ.get(VARIABLE)
    return None if text is None else _read(text)


def watch_self() -> None:
    """Watch this Python from its start, as its launcher's list says."""
    enclosure = enclosed()
    if enclosure is not None:
        watch(enclosure.allowance, os.environ.get(LOG_VARIABLE))


def reached() -> str | None:
    """None where no file beyond the list and no network can be reached from here, tried out; else what can be."""
    enclosure = enclosed()
    if enclosure is None:
        return "the command was called from Python, not started as a program of its own"
    with unwatched():
        if not is_shut_in():
            return enclosure.files or "files beyond the list can be opened"
        if has_network():
            return enclosure.network or "the network can be reached"
        if enclosure.closed_by != OWN_NETWORK and memory_of_others():
            return f"others keep {memory_of_others()[0]} in {SHARED_MEMORY}, and this system permits none of its own"
    return None


def is_shut_in() -> bool:
    """Whether this process is denied what every process may do, and no list of ours permits: list the root folder."""
    try:
        os.listdir("/")
    except PermissionError:
        return True
    return False


def has_network() -> bool:
    """Whether an interface is up, or there is a way to an address elsewhere."""
    try:
        handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except PermissionError:
        return can_make_sockets()
    with handle:
        try:
            handle.connect(_NOWHERE)
        except OSError:
            return bool(interfaces())
    return True


def memory_of_others() -> list[str]:
    """Names in shared memory beside semaphores, which hold a number each."""
    return [name for name in os.listdir(SHARED_MEMORY) if not name.startswith("sem.")]


def leave() -> None:
    """Remove temporary files, and the folders that were made for this run and stayed empty, as after wrong input."""
    enclosure = enclosed()
    if enclosure is None:
        return
    if enclosure.temporary is not None:
        shutil.rmtree(enclosure.temporary, ignore_errors=True)
    for folder in enclosure.made:
        try:
            os.rmdir(folder)
        except OSError:
            return  # in use


def kernel() -> str:
    """The kernel's name and release, as reports say it."""
    return f"{platform.system()} {platform.release()}"


def _confine() -> None:
    """Give up, for good, what the environment's list does not have; what could not be given up is noted there."""
    enclosure = _read(os.environ[VARIABLE])
    if enclosure.dies_with_parent and sys.platform == "linux":
        _die_with_parent()
    _drop_open_files()
    network, closed_by = _leave_network(enclosure)
    if closed_by == OWN_NETWORK:
        os.environ["TMPDIR"] = SHARED_MEMORY  # private now, and gone with the last process
    else:
        enclosure = _with_temporary(enclosure)
    files = _confine_files(enclosure)
    os.environ[VARIABLE] = _text(replace(enclosure, files=files, network=network, closed_by=closed_by))


def _with_temporary(enclosure: Enclosure) -> Enclosure:
    """With a new folder for temporary files, in which nobody else has left anything."""
    folder = tempfile.mkdtemp(prefix="mde-")
    os.environ["TMPDIR"] = folder
    added = Allowance(writes=(folder,), removes=(os.path.dirname(folder),))
    return replace(enclosure, allowance=enclosure.allowance | added, own=enclosure.own | added, temporary=folder)


def _is_alone() -> bool:
    """Whether no other thread runs. Those of OpenBLAS, which numpy starts, end in a fork and come back when needed."""
    if sys.platform != "linux":
        return True  # nothing of what is given up there is a thread's own
    if len(os.listdir(_THREADS)) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a child that goes on beside threads; this one ends
            child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    return len(os.listdir(_THREADS)) == 1


def _confine_files(enclosure: Enclosure) -> str | None:
    if landlock_abi() == 0:
        return why_not()
    try:
        restrict_self(enclosure.allowance, may_use_tcp=enclosure.num_processes > 1)
    except OSError as error:
        return f"Landlock failed ({error.strerror})"
    return None


def _leave_network(enclosure: Enclosure) -> tuple[str | None, str | None]:
    """Why the network stays open, or what closes it. Processes that train together talk over sockets."""
    if enclosure.num_processes > 1:
        why = leave_network_together(os.environ)
        if why is None:
            os.environ.update(ENVIRONMENT)
        return why, None if why else OWN_NETWORK
    why = leave_network_and_memory()
    if why is None:
        return None, OWN_NETWORK
    why_no_filter = give_up_sockets()
    return (f"{why}, and {why_no_filter}", None) if why_no_filter else (None, NO_SOCKETS)


def _drop_open_files() -> None:
    """Keep output and error, and the input of a terminal; all else that was inherited could be read still."""
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    if not os.isatty(0):
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if nothing != 0:
            os.close(nothing)


def _die_with_parent() -> None:
    import ctypes

    parent = os.getppid()
    ctypes.CDLL(None).prctl(_KILL_WITH_PARENT, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it was gone before


def _made_folders(wanted: Sequence[str]) -> tuple[str, ...]:
    """Make the folders that are missing; answers those that are new, the inner ones first. Files stay as they are."""
    made: list[str] = []
    for path in wanted:
        new, folder = [], path
        while not os.path.lexists(folder):
            new.append(folder)
            folder = os.path.dirname(folder)
        if new:
            os.makedirs(path, exist_ok=True)
            made = [*new, *made]
    return tuple(made)


def _text(enclosure: Enclosure) -> str:
    return json.dumps(asdict(enclosure))


def _read(text: str) -> Enclosure:
    raw = json.loads(text)
    lists = {
        name: Allowance(**{key: tuple(paths) for key, paths in raw[name].items()}) for name in ("allowance", "own")
    }
    return Enclosure(**{**raw, **lists, "added": tuple(raw["added"]), "made": tuple(raw["made"])})
