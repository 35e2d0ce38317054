"""Rendering on a Ray cluster: the bytes of one process, with a machine lost on the way."""

from __future__ import annotations

import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from mde.errors import InputError
from synth.generate import generate
from synth.generate_config import GenerateConfig

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--n", "16", "--shard-size", "2", "--size", "24x32")


def test_missing_ray_is_answered_with_the_extra_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"install it with: pip install 'depth-distillation\[cluster\]'"):
        generate(GenerateConfig(n=1, out=tmp_path / "out", engine="ray", size="24x32", workers=1))


def shard_bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.glob("shard-*.tar"))}


@pytest.fixture
def cluster():
    """Address of a cluster of two machines on this one, and the second machine, which may be killed."""
    ray = pytest.importorskip("ray", reason="Ray, the extra 'cluster', is not installed")
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}
    machines = Cluster(initialize_head=True, head_node_args=options)
    second = machines.add_node(num_cpus=1, object_store_memory=100_000_000)
    yield machines, second
    machines.shutdown()
    assert not ray.is_initialized()


@pytest.mark.opengl
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Ray's own processes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_cluster_that_loses_a_machine_writes_the_bytes_of_one_process(cluster, renderer, tmp_path):
    machines, second = cluster
    command = [sys.executable, "-m", "synth.generate", *OPTIONS, "--out", str(tmp_path / "cluster")]
    driver = subprocess.Popen(
        [*command, "--engine", "ray", "--ray-address", machines.address],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 400
    while not shard_bytes(tmp_path / "cluster") and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(shard_bytes(tmp_path / "cluster")) < 8, "the machine was killed too late to prove anything"
    machines.remove_node(second, allow_graceful=False)
    _, message = driver.communicate(timeout=500)
    assert driver.returncode == 0, message[-2000:]
    generate(GenerateConfig(n=16, shard_size=2, size="24x32", workers=1, out=tmp_path / "one"))
    assert shard_bytes(tmp_path / "cluster") == shard_bytes(tmp_path / "one")
    assert (tmp_path / "cluster" / "index.json").read_bytes() == (tmp_path / "one" / "index.json").read_bytes()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:port"])
def test_an_address_without_a_cluster_is_refused_in_one_line(tmp_path, monkeypatch, address):
    monkeypatch.setitem(sys.modules, "ray", types.ModuleType("ray"))  # it is not even asked
    config = GenerateConfig(n=1, out=tmp_path / "out", engine="ray", ray_address=address, size="24x32")
    reason = r"\((.*refused|invalid literal.*)\)"
    with pytest.raises(InputError, match=rf"no Ray cluster at {address} {reason}; start one with: ray start --head"):
        generate(config)
