from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distill.run import DistillConfig
from distill.training import TrainConfig
from mde.config_file import read_config
from mde.errors import InputError
from mde.files import read_json, write_json
from mde.run_directory import open_run


def test_a_configuration_reads_back_equal(tmp_path: Path) -> None:
    config = DistillConfig(
        teacher="demo",
        weights=Path("a/b.pth"),
        no_real_data=True,
        allow=(Path("x"), Path("y")),
        train=TrainConfig(num_steps=3),
    )
    for number, one in enumerate((config, replace(config, allow=(), weights=None, domain="driving"))):
        open_run(tmp_path / str(number), "distill.run", one)
        assert read_config(tmp_path / str(number), "distill.run", DistillConfig) == one


def test_a_configuration_of_another_command_or_version_is_refused(tmp_path: Path) -> None:
    open_run(tmp_path / "run", "distill.run", DistillConfig(teacher="demo"))
    with pytest.raises(InputError, match="not a configuration of adapt.run"):
        read_config(tmp_path / "run", "adapt.run", DistillConfig)
    written = read_json(tmp_path / "run" / "config.json")
    write_json(tmp_path / "run" / "config.json", {**written, "config": {**written["config"], "sparkle": 1}})
    with pytest.raises(InputError, match="unknown options sparkle"):
        read_config(tmp_path / "run", "distill.run", DistillConfig)
