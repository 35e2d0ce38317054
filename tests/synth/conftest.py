"""One OpenGL context and one texture bank for all tests of this folder."""

from __future__ import annotations

import numpy as np
import pytest

from mde.errors import InputError
from synth.bank_file import open_bank
from synth.renderer import Renderer, open_renderer
from synth.textures import Bank


@pytest.fixture(scope="session")
def bank() -> Bank:
    return open_bank()


def opened(name: str, bank: Bank) -> Renderer:
    try:
        return open_renderer(name, bank.pixels)
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def renderer(bank: Bank) -> Renderer:
    return opened("onepass", bank)


@pytest.fixture(scope="session")
def pyrender_backend(bank: Bank) -> Renderer:
    return opened("pyrender", bank)


@pytest.fixture(scope="session")
def embree(bank: Bank) -> Renderer:
    return opened("embree", bank)


@pytest.fixture(
    params=[
        pytest.param("renderer", marks=pytest.mark.opengl, id="onepass"),
        pytest.param("pyrender_backend", marks=pytest.mark.opengl, id="pyrender"),
        pytest.param("embree", id="embree"),
    ]
)
def any_renderer(request: pytest.FixtureRequest) -> Renderer:
    """Each back end in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
