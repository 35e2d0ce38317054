"""Ways to a file that a mistake, or a library, could take. Run inside the enclosure, one decoy for each way.

python decoy_routes.py CLOSED OPEN MADE SERVICE has-hook: CLOSED holds the decoys, OPEN may be read, MADE may be
written, SERVICE is the named socket of a program outside. Prints, as JSON, by way: "read" where it came to what the
decoy holds, "refused" where it was denied, or "not here" and what is missing.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import mmap
import multiprocessing
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SECRET = b"a photograph of somebody's home"
NO_HOOK = [sys.executable, "-I", "-S", "-c"]
"""A Python that no variable reaches, like any other program."""


def by_open(path: Path) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def by_os_open(path: Path) -> bytes:
    handle = os.open(path, os.O_RDWR)
    return os.read(handle, 1 << 20)


def by_mmap(path: Path) -> bytes:
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return bytes(mapped)


def by_folder(path: Path) -> bytes:
    return b"".join(found.read_bytes() for found in sorted(path.parent.iterdir()) if found == path)


def by_pillow(path: Path) -> bytes:
    from PIL import Image

    with Image.open(path) as image:
        return image.info["secret"].encode()


def by_numpy(path: Path) -> bytes:
    import numpy as np

    return np.fromfile(path, np.uint8).tobytes()


def by_numpy_mmap(path: Path) -> bytes:
    import numpy as np

    return np.memmap(path, np.uint8, "r").tobytes()


def by_sqlite(path: Path) -> bytes:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute("select secret from photos").fetchone()[0]


def by_h5py(path: Path) -> bytes:
    import h5py

    with h5py.File(path) as file:
        return file["secret"][()]


def by_safetensors(path: Path) -> bytes:
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        return file.get_tensor("secret").tobytes()


def by_torch_storage(path: Path) -> bytes:
    import torch

    return torch.from_file(str(path), size=len(SECRET), dtype=torch.uint8).numpy().tobytes()


def by_torchvision(path: Path) -> bytes:
    from torchvision.io import read_file

    return read_file(str(path)).numpy().tobytes()


def by_opencv(path: Path) -> bytes:
    cv2 = importlib.import_module("cv2")
    return SECRET if cv2.imread(str(path)) is not None else b""


def by_libc(path: Path) -> bytes:
    libc, buffer = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(1 << 12)
    handle = libc.open(bytes(path), os.O_RDONLY)
    if handle < 0:
        raise PermissionError(ctypes.get_errno(), "libc")
    num_read = libc.read(handle, buffer, 1 << 12)
    return buffer.raw[:num_read]


def by_cat(path: Path) -> bytes:
    return _output(["cat", str(path)])


def by_child_python(path: Path) -> bytes:
    return _output([sys.executable, "-c", _printing(path)])


def by_bare_python(path: Path) -> bytes:
    return _output([*NO_HOOK, _printing(path)])


def by_fork(path: Path) -> bytes:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(by_open, (path,))


def by_spawn(path: Path) -> bytes:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(by_open, (path,))


class Photos:
    """A data set of one file."""

    def __init__(self, path: Path, read: Callable[[Path], bytes]) -> None:
        self.path, self.read = path, read

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: int) -> bytes:
        return self.read(self.path)


def by_loader(path: Path) -> bytes:
    from torch.utils.data import DataLoader

    return next(iter(DataLoader(Photos(path, by_open), num_workers=1, collate_fn=lambda items: items[0])))


def by_native_loader(path: Path) -> bytes:
    from torch.utils.data import DataLoader

    return next(iter(DataLoader(Photos(path, by_libc), num_workers=1, collate_fn=lambda items: items[0])))


def by_link(path: Path) -> bytes:
    return by_open(OPEN / f"way-to-{path.name}")


def by_own_link(path: Path) -> bytes:
    (MADE / "symbolic").symlink_to(path)
    return by_open(MADE / "symbolic")


def by_own_hard_link(path: Path) -> bytes:
    os.link(path, MADE / "hard")
    return by_open(MADE / "hard")


def by_moving(path: Path) -> bytes:
    path.rename(MADE / "moved")
    return by_open(MADE / "moved")


def by_hard_link(path: Path) -> bytes:
    return by_open(OPEN / f"same-as-{path.name}")


def by_own_root(path: Path) -> bytes:
    return by_open(Path(f"/proc/self/root{path}"))


def by_parents_root(path: Path) -> bytes:
    return by_open(Path(f"/proc/{os.getppid()}/root{path}"))


def by_inherited_handle(path: Path) -> bytes:
    for entry in os.listdir("/proc/self/fd"):
        if os.path.realpath(f"/proc/self/fd/{entry}") == str(path):
            return by_open(Path(f"/proc/self/fd/{entry}"))
    raise PermissionError("it was not inherited")


def by_named_socket(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(SERVICE))
        return connection.recv(1 << 12)


def by_named_socket_of_a_program(path: Path) -> bytes:
    begin = "import socket, sys; s = socket.socket(socket.AF_UNIX); "
    return _output([*NO_HOOK, f"{begin}s.connect({str(SERVICE)!r}); sys.stdout.buffer.write(s.recv(4096))"])


def _printing(path: Path) -> str:
    return f"import sys; sys.stdout.buffer.write(open({str(path)!r}, 'rb').read())"


def _output(command: list[str]) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise PermissionError(done.stderr.decode())
    return done.stdout


ROUTES: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "open": (by_open, "png"),
    "os.open": (by_os_open, "png"),
    "mmap": (by_mmap, "png"),
    "augmentation folder": (by_folder, "png"),
    "Pillow": (by_pillow, "png"),
    "numpy": (by_numpy, "png"),
    "numpy.memmap": (by_numpy_mmap, "png"),
    "sqlite3": (by_sqlite, "sqlite"),
    "h5py": (by_h5py, "h5"),
    "safetensors": (by_safetensors, "safetensors"),
    "torch.from_file": (by_torch_storage, "txt"),
    "torchvision.io": (by_torchvision, "png"),
    "cv2.imread": (by_opencv, "png"),
    "libc": (by_libc, "png"),
    "cat": (by_cat, "png"),
    "child Python": (by_child_python, "png"),
    "bare Python": (by_bare_python, "png"),
    "forked worker": (by_fork, "png"),
    "spawned worker": (by_spawn, "png"),
    "DataLoader worker": (by_loader, "png"),
    "native DataLoader worker": (by_native_loader, "png"),
    "symbolic link": (by_link, "png"),
    "own symbolic link": (by_own_link, "png"),
    "own hard link": (by_own_hard_link, "png"),
    "moving": (by_moving, "png"),
    "hard link": (by_hard_link, "png"),
    "proc self root": (by_own_root, "png"),
    "proc parent root": (by_parents_root, "png"),
    "inherited handle": (by_inherited_handle, "png"),
    "named socket": (by_named_socket, "png"),
    "named socket of a program": (by_named_socket_of_a_program, "png"),
}
"""Ways by name, with the kind of decoy."""


def name_of(way: str) -> str:
    """The file name of a way's decoy."""
    return f"{way.replace(' ', '-')}.{ROUTES[way][1]}"


def answer(way: str) -> str:
    try:
        content = ROUTES[way][0](CLOSED / name_of(way))
    except ImportError as error:
        return f"not here: {error}"
    except (OSError, RuntimeError, sqlite3.Error):  # libraries have many words for it: safetensors finds no such file
        return "refused"
    return "read" if SECRET in content else f"read {content[:40]!r}"


if __name__ == "__main__":
    CLOSED, OPEN, MADE, SERVICE = map(Path, sys.argv[1:5])
    import mde.provenance as provenance

    if sys.argv[5] == "no-hook":
        provenance._watch.is_on = False
        answers = {way: answer(way) for way in ROUTES}
    else:
        with provenance.reads_noted(MADE / "log"):
            answers = {way: answer(way) for way in ROUTES}
    print(json.dumps(answers))
