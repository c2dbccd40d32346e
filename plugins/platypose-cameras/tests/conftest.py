"""Random cameras, and the context in which they are built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from platypose_cameras.config import FisheyeConfig, PinholeConfig
from platypose_cameras.fisheye import Fisheye
from platypose_cameras.pinhole import Pinhole

from platypose.api import BuildContext, Projection
from platypose.skeleton import H36M_17


@pytest.fixture(scope="session")
def context() -> BuildContext:
    return BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float64,
        generator=torch.Generator(),
    )


def within(*bounds: float) -> st.SearchStrategy[tuple[float, ...]]:
    """As many numbers as bounds, each at most its bound in size."""
    return st.tuples(*(st.floats(-bound, bound) for bound in bounds))


def numbers(*bounds: tuple[float, ...]) -> st.SearchStrategy[dict[str, tuple[float, ...]]]:
    """The fields of a camera with nearly square pixels and one of these kinds of distortion."""
    return st.fixed_dictionaries(
        {
            "focal": st.builds(lambda f, r: (f, f * r), st.floats(200, 2000), st.floats(0.9, 1.1)),
            "centre": st.tuples(st.floats(0, 1500), st.floats(0, 1500)),
            "distortion": st.one_of(*(within(*b) for b in bounds)),
        }
    )


COEFFICIENTS = (0.4, 0.3, 0.01, 0.01, 0.1, 0.1, 0.05, 0.02)
PINHOLES = numbers(*(COEFFICIENTS[:n] for n in (0, 4, 5, 8)))
FISHEYES = numbers((), (0.1, 0.05, 0.02, 0.005))


@pytest.fixture(scope="session")
def draw_config() -> Callable[[str, st.DataObject], Any]:
    """Many of these lenses fold over: pinholes in the field of view, fisheyes beside themselves."""

    def draw(model: str, data: st.DataObject) -> PinholeConfig | FisheyeConfig:
        if model == "pinhole":
            return PinholeConfig(**data.draw(PINHOLES))  # type: ignore[arg-type]
        return FisheyeConfig(**data.draw(FISHEYES))  # type: ignore[arg-type]

    return draw


@pytest.fixture(scope="session")
def draw_camera(
    context: BuildContext, draw_config: Callable[[str, st.DataObject], Any]
) -> Callable[[str, st.DataObject], Projection]:
    def draw(model: str, data: st.DataObject) -> Projection:
        config = draw_config(model, data)
        return Pinhole(config, context) if model == "pinhole" else Fisheye(config, context)

    return draw
