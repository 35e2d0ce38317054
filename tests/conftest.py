"""Fixtures that every package's tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from torch import Tensor, nn

from mde.camera import Camera
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output
from mde.record import Record, encode_record
from mde.shards import ShardIndex, write_index, write_shard

# Examples are drawn from a fixed seed, and no example fails for being slow: machines differ.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tests compute on small arrays, where a second thread only costs."""
    torch.set_num_threads(1)


@pytest.fixture
def shared() -> Path:
    """Folder of reference material beside the checkout; its tests are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("no folder 'shared' beside the checkout: reference answers cannot be compared")
    return SHARED


@pytest.fixture
def real(shared: Path) -> Path:
    """Real frames and real weights, for evaluation and teacher loading only."""
    if not (shared / "real").is_dir():
        pytest.skip("no folder 'shared/real' beside the checkout: real teachers cannot be loaded")
    return shared / "real"


def heed_ctrl_c() -> None:
    """For `preexec_fn`: the suite itself may run where Ctrl-C is ignored, as shells do in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def make_camera(height: int = 36, width: int = 48) -> Camera:
    """A camera in the middle of its image."""
    return Camera(f_px=(40.0, 40.0), c_px=(width / 2, height / 2), height=height, width=width)


def make_record(key: str, *, seed: int = 0, height: int = 36, width: int = 48, origin: str = "synthetic") -> Record:
    """A record of noise over a slanted plane; the numbers matter to no test."""
    rng = np.random.default_rng([seed, int(key)])
    rows = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    depth_m = (1.0 + 6.0 * rng.random() * rows + np.zeros((1, width), np.float32)).astype(np.float32)
    return Record(
        key=key,
        image=rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        depth_m=np.rint(depth_m * 1000) / np.float32(1000),
        ids=rng.integers(0, 9, (height, width)).astype(np.uint16),
        camera=make_camera(height, width),
        origin=origin,
        domain="indoor",
        depth_units_per_metre=1000,
        recipe={"index": int(key)},
    )


def make_shards(
    directory: Path, num: int = 12, *, per_shard: int = 5, origin: str = "synthetic", **options: int
) -> Path:
    """A directory of small shards with its index."""
    directory.mkdir(parents=True, exist_ok=True)
    shards = []
    for first in range(0, num, per_shard):
        keys = [f"{index:06d}" for index in range(first, min(first + per_shard, num))]
        records = ((key, encode_record(make_record(key, origin=origin, **options))) for key in keys)
        shards.append(write_shard(directory / f"shard-{first // per_shard:05d}.tar", records))
    index = ShardIndex(
        origin=origin, domain="indoor", num_records=num, config={}, config_sha256="0" * 64, shards=tuple(shards)
    )
    write_index(directory, index)
    return directory


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Twelve records in three shards."""
    return make_shards(tmp_path / "shards")


class TinyCore(nn.Module):
    """Two BatchNorm layers and a depth that depends on the image: enough of a teacher for a test."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(6, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Conv2d(4, 1, 1)

    def forward(self, image: Tensor) -> Output:
        logit = self.head(self.second(self.first(image)))
        return Output(depth_m=0.5 + 6.0 * torch.sigmoid(logit), raw=logit)


def make_teacher(*, seed: int = 0, native_size: tuple[int, int] = (32, 48)) -> DepthNet:
    """A frozen teacher with seeded weights whose BatchNorm statistics come from dark, bluish noise."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        core = TinyCore()
    noise = torch.rand(16, 3, *native_size, generator=torch.Generator().manual_seed(seed))
    home = noise * torch.tensor([0.2, 0.3, 0.5]).view(1, 3, 1, 1) + 0.1
    core.train()
    for module in core.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # plain average, so that one pass stores the statistics of `home`
    with torch.no_grad():
        core(home)
        core(home)
    spec = NetSpec(
        name="tiny",
        role="teacher",
        domain="indoor",
        native_size=native_size,
        depth_range_m=(1e-3, 10.0),
        licence="Apache-2.0",
        weights_sha256=f"{seed:064d}",
    )
    return DepthNet(core, spec).eval().requires_grad_(False)


@pytest.fixture
def teacher() -> DepthNet:
    """A tiny frozen teacher with BatchNorm."""
    return make_teacher()
