"""Shapes in signatures are checked while the tests run."""

from __future__ import annotations

import jaxtyping
import pytest
import torch

from platypose.lifting.views import Views
from platypose.testing.noise_levels import geometric


def test_a_wrong_shape_is_refused() -> None:
    rotation, translation = torch.eye(3)[None], torch.zeros(1, 3)
    views = Views([], rotation, translation, torch.ones(2, 17))
    with pytest.raises(jaxtyping.TypeCheckError):
        views.in_camera(torch.zeros(17, 3))
    with pytest.raises(jaxtyping.TypeCheckError):
        Views([], rotation, translation[0], torch.ones(2, 17))


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises(jaxtyping.TypeCheckError):
        geometric(3.5)  # type: ignore[arg-type]
