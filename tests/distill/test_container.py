"""A run in a container: its limits are those that Docker sets by default, where no namespace is to be had."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mde.evidence import read_evidence
from mde.landlock import landlock_abi, why_not
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("runc") is None, reason="runc, which starts containers, is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="containers with users of their own are not what Docker starts"),
    pytest.mark.skipif(landlock_abi() == 0, reason=f"Landlock: {why_not()}"),
]
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP")
CAPABILITIES += ("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "AUDIT_WRITE")
REFUSED = ("bpf", "mount", "perf_event_open", "pivot_root", "setns", "umount2", "unshare")
OF_THE_CONTAINER = ("dev", "lost+found", "proc", "sys")


def bundle(place: Path, command: list[str]) -> Path:
    """An OCI bundle that shows the files of this machine, and starts `command` with Docker's default limits."""
    capabilities = [f"CAP_{name}" for name in CAPABILITIES]
    folder = place / "bundle"
    (folder / "rootfs").mkdir(parents=True)
    binds: list[dict[str, Any]] = []
    for entry in (entry for entry in Path("/").iterdir() if entry.is_dir() and entry.name not in OF_THE_CONTAINER):
        if entry.is_symlink():  # as /bin and /lib are on most systems
            (folder / "rootfs" / entry.name).symlink_to(os.readlink(entry))
        else:
            binds.append({"destination": str(entry), "type": "bind", "source": str(entry), "options": ["rbind"]})
    own: list[dict[str, Any]] = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "mode=1777"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
    ]
    config = {
        "ociVersion": "1.0.2",
        "process": {
            "args": command,
            "cwd": str(place),
            "env": [f"PATH={os.environ['PATH']}", f"PYTHONPATH={ROOT}", "OMP_NUM_THREADS=1"],
            "user": {"uid": 0, "gid": 0},
            "capabilities": {name: capabilities for name in ("bounding", "effective", "permitted")},
        },
        "root": {"path": "rootfs"},
        "mounts": [*binds, *own],
        "linux": {
            "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")],
            "seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": list(REFUSED), "action": "SCMP_ACT_ERRNO"}],
            },
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def run(place: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """The command in a container, waited for."""
    return subprocess.run(
        ["runc", "run", "--bundle", str(bundle(place, command)), f"mde-test-{os.getpid()}"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_run_in_a_container_is_enforced_from_renders_to_export(tmp_path: Path, shards: Path) -> None:
    options = ["--teacher", "demo", "--data", str(shards), "--out", "run", "--student", "mobilenetv2_035"]
    options += ["--train.batch-size", "2", "--train.num-steps", "2", "--fit.num-steps", "1", "--no-real-data"]
    done = run(tmp_path, [sys.executable, "-m", "distill.run", *options, "--require", "enforced"])
    if "runc run failed" in done.stderr:
        pytest.skip(f"this machine starts no container: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    found = read_evidence(tmp_path / "run")
    assert found is not None and found.level == "enforced" and found.denied == found.connections == ()
    assert found.network_closed_by == "seccomp"
    assert (tmp_path / "run" / "student.onnx").is_file()
    assert found.allowed is not None
    (temporary,) = (path for path in map(Path, found.allowed.writes) if path.name.startswith("mde-"))
    assert not temporary.exists()
