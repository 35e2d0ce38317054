"""Cluster: shards rendered as Ray tasks. Workers answer bytes, the driver writes them, so no disk is shared."""

from __future__ import annotations

import os
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mde.errors import InputError
from mde.files import sha256_bytes, write_bytes
from synth.asset_file import assets_path, keep_assets
from synth.disk import Disk
from synth.gl import ENVIRONMENT
from synth.pool import Task
from synth.sample_config import SampleConfig

MAX_RETRIES = 5
"""How often a shard is rendered again after its machine was lost; each time elsewhere."""
IN_FLIGHT_PER_CORE = 2
"""Shards that wait or are being rendered per core: enough to keep it busy, few enough for the driver's memory."""
STORE_BYTES = 200_000_000
"""Object store of a cluster started here; it holds finished shards until they are written."""
SILENCE_S = 600.0
"""After so long without a shard the user is told where to look; waiting goes on, machines may be on their way."""
KNOCK_S = 10.0
"""How long the cluster may take to answer the door."""
PACKAGES = ("mde", "synth")
"""Sent to the machines, so that all render with this very source."""


def run_on_cluster(
    config: SampleConfig,
    tasks: Sequence[Task],
    *,
    address: str | None,
    num_workers: int,
    on_samples: Callable[[int], None],
    on_shard: Callable[[dict[str, Any]], None],
    disk: Disk,
) -> None:
    """Render all tasks on the cluster at `address`, or on one of `num_workers` cores that ends with this run.

    A shard of a machine that dies is rendered on another; the bytes are those of one process.
    Raises InputError when Ray or the cluster is missing, or a shard is lost too often.
    """
    ray = _import_ray()
    with _session(ray, address, num_workers):
        render = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(render_on_node)
        content = None if config.assets_sha256 is None else assets_path(config.assets_sha256).read_bytes()
        assets, waiting, pending = ray.put(content), deque(tasks), dict[Any, Task]()
        while waiting or pending:
            while waiting and len(pending) < _in_flight(ray):
                task = waiting.popleft()
                pending[render.remote(config, task.path.name, task.indices, assets)] = task
            done, _ = ray.wait(list(pending), timeout=SILENCE_S)
            if not done:
                disk.say(f"no shard for {SILENCE_S:.0f} s; `ray status` tells whether the cluster has free cores")
            for reference in done:
                reply = _keep(_fetch(ray, reference), pending.pop(reference), disk)
                on_samples(reply["num_records"])
                on_shard(reply)


def render_on_node(config: SampleConfig, name: str, indices: Sequence[int], assets: bytes | None) -> dict[str, Any]:
    """Render one shard; answers its facts with its bytes as "content", or "refused" with a message.

    `assets` is the content of their prepared file, which every machine keeps for itself. Runs in a process of the
    cluster, which keeps its sampler, and with it OpenGL, for the next shard.
    """
    from synth.worker import render_shard

    with tempfile.TemporaryDirectory() as folder:
        try:
            if assets is not None:
                keep_assets(assets)
            facts = render_shard(_sampler(config), Path(folder) / name, indices, lambda index: None)
        except InputError as error:
            return {"refused": str(error)}
        return {**facts, "content": (Path(folder) / name).read_bytes()}


@lru_cache(maxsize=1)
def _sampler(config: SampleConfig) -> Any:
    from synth.sample import Sampler

    return Sampler(config)


def _keep(reply: dict[str, Any], task: Task, disk: Disk) -> dict[str, Any]:
    """Write the shard; answers its facts without the bytes."""
    if "refused" in reply:
        raise InputError(reply["refused"])
    content = reply.pop("content")
    assert sha256_bytes(content) == reply["sha256"], f"{task.path.name} changed on its way from the cluster"
    disk.keep_trying(lambda: write_bytes(task.path, content))
    return reply


def _fetch(ray: ModuleType, reference: Any) -> dict[str, Any]:
    try:
        reply: dict[str, Any] = ray.get(reference)
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"a shard could not be rendered on the cluster ({reason[-300:]}); the same command goes on from here"
        ) from error
    return reply


def _in_flight(ray: ModuleType) -> int:
    return IN_FLIGHT_PER_CORE * max(int(ray.cluster_resources().get("CPU", 0)), 1)


def _import_ray() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else a warning about GPUs, which are not used
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "--engine ray needs Ray, which is not installed; install it with: pip install 'depth-distillation[cluster]'"
        ) from error
    return ray


def _knock(address: str) -> None:
    """Raise OSError or ValueError when nobody listens there; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), timeout=KNOCK_S).close()


@contextmanager
def _session(ray: ModuleType, address: str | None, num_workers: int) -> Iterator[None]:
    """Join the cluster, or start one on this machine; leave or end it afterwards."""
    root = Path(__file__).resolve().parents[1]
    environment = {"env_vars": dict(ENVIRONMENT), "py_modules": [str(root / name) for name in PACKAGES]}
    options: dict[str, Any] = {"address": address}
    if address is None:
        options = {"address": "local", "num_cpus": num_workers, "object_store_memory": STORE_BYTES}
        options |= {"include_dashboard": False}
    try:
        if address not in (None, "auto"):
            _knock(str(address))
        ray.init(**options, runtime_env=environment, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray has no class of its own for this, and a bare one for a machine that is too slow
        reason = " ".join(str(error).split())[:200]
        advice = "start one with: ray start --head" if address else "try again when the machine has less to do"
        raise InputError(f"no Ray cluster at {address or 'this machine'} ({reason}); {advice}") from error
    try:
        yield
    finally:
        ray.shutdown()
