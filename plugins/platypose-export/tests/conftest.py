"""A made-up person who moves, with bones of fixed length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from platypose.lifting.result import Result
from platypose.skeleton import H36M_17

Array = NDArray[np.float64]


def _result(
    hypotheses: int = 3, frames: int = 7, wildness: float = 0.6, growth: float = 0.0, **changes: Any
) -> Result:
    random = np.random.default_rng(0)
    standing = np.array(H36M_17.standing)
    parents = np.maximum(H36M_17.parents, 0)
    rest = standing - standing[parents]
    length = np.linalg.norm(rest, axis=-1, keepdims=True)
    shape = (hypotheses, 1, 17, 3)
    phase = np.arange(frames)[:, None, None] / 10 + random.uniform(0, 6, shape)
    direction = rest / np.maximum(length, 1e-9) + wildness * np.sin(phase)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    grown = 1 + growth * np.sin(np.arange(frames))[:, None, None]
    samples = np.zeros((hypotheses, frames, 17, 3))
    for parent, child in H36M_17.bones:
        samples[:, :, child] = samples[:, :, parent] + (grown * length * direction)[:, :, child]
    path = np.array([0.3, -0.2, 0.9]) + 0.1 * np.arange(frames)[:, None]
    fields: dict[str, Any] = {
        "samples": samples.astype(np.float32),
        "root": (path + 0.05 * random.standard_normal((hypotheses, 1, 3))).astype(np.float32),
        "energy": random.uniform(1, 2, (hypotheses, frames)).astype(np.float32),
        "skeleton": H36M_17,
        "frame_rate": 50.0,
        "credit": "Filmed by Ä. Nobody.",
        "projected": np.zeros((hypotheses, frames, 0, 0, 2), np.float32),
        "observed": np.zeros((frames, 0, 0, 2), np.float32),
        "weights": np.zeros((frames, 0, 0), np.float32),
        "keypoint_names": (),
    }
    return Result(**(fields | changes))


@pytest.fixture(scope="session")
def lifted() -> Callable[..., Result]:
    """`lifted(hypotheses=3, frames=7, wildness=0.6, growth=0.0)`: rigid bones unless they grow."""
    return _result


@pytest.fixture(scope="session")
def y_up() -> Callable[[Array], Array]:
    """The world turned so that y points up: a quarter turn about x."""
    turn = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    assert np.linalg.det(turn) == 1

    def apply(points: Array) -> Array:
        turned: Array = points @ turn.T
        return turned

    return apply
