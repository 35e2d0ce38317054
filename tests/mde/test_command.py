from __future__ import annotations

from pathlib import Path

import tyro

from distill.draw import AugmentConfig
from distill.objective import ObjectiveChanges
from distill.run import DistillConfig
from distill.training import TrainConfig
from mde.command import arguments_of


def test_the_options_of_a_configuration_make_it_again() -> None:
    config = DistillConfig(
        teacher="demo",
        data=Path("a folder"),
        no_real_data=True,
        require="observed",
        allow=(Path("one"), Path("two")),
        seed=3,
        train=TrainConfig(num_steps=7, guard=False, precision="bf16"),
        augment=AugmentConfig(mix=0.25),
        objective=ObjectiveChanges(ssim_weight=2.0),
    )
    arguments = arguments_of(config)
    assert tyro.cli(DistillConfig, args=arguments) == config
    assert "--train.no-guard" in arguments and "--out" not in arguments
