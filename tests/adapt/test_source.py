from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapt.owner import header_of, write_owner
from adapt.source import statistics_targets
from mde.errors import InputError
from mde.nets import load_teacher
from tests.adapt.mixed_teacher import mixed_teacher
from tests.adapt.test_owner import some_moments
from tests.mde.tiny_transformers import save_dpt


def test_batchnorm_is_the_teachers_own_and_must_be_there() -> None:
    teacher = mixed_teacher()
    assert list(statistics_targets("batchnorm", teacher)) == ["core.stored"]
    teacher.core.stored = torch.nn.Identity()
    with pytest.raises(InputError, match="no BatchNorm statistics .*folded.*; give --statistics owner:FILE"):
        statistics_targets("batchnorm", teacher)


def test_a_mixed_network_keeps_its_batchnorm_and_gets_the_owners_elsewhere(tmp_path: Path) -> None:
    teacher, moments = mixed_teacher(), some_moments()
    write_owner(tmp_path / "m.safetensors", moments, header_of(teacher, moments, 40, None))
    targets = statistics_targets(f"owner:{tmp_path / 'm.safetensors'}", teacher)
    sources = {name: target.source for name, target in targets.items()}
    assert sources == {"core.stored": "batchnorm", "core.maps": "owner", "core.tokens": "owner"}
    assert torch.equal(targets["core.stored"].moments.mean, teacher.core.stored.running_mean)


def test_sources_without_targets_have_none(tmp_path: Path) -> None:
    assert statistics_targets("none", mixed_teacher()) == {}
    transformer = load_teacher(f"hf:{save_dpt(tmp_path)}", None, "indoor")
    assert statistics_targets("patch-similarity", transformer) == {}
    with pytest.raises(InputError, match="has no attention; --statistics patch-similarity is for transformers"):
        statistics_targets("patch-similarity", mixed_teacher())


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(InputError, match="'owners' is unknown; expected batchnorm, owner:FILE, patch-similarity"):
        statistics_targets("owners", mixed_teacher())
