"""One OpenGL context and one texture bank for all tests of this folder."""

from __future__ import annotations

import numpy as np
import pytest

from mde.errors import InputError
from synth.bank_file import open_bank
from synth.textures import Bank


@pytest.fixture(scope="session")
def bank() -> Bank:
    return open_bank()


@pytest.fixture(scope="session")
def renderer(bank: Bank):
    from synth.renderer import Renderer

    try:
        return Renderer(bank.pixels)
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
