"""The fit finds what the heatmaps were made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_heatmap.modes import QUANTISATION, Modes, fit_modes
from torch import Tensor

Array = np.ndarray[Any, Any]


def fit(*heatmaps: Array, modes: int = 3, least_height: float = 0.1) -> Modes:
    scores = torch.from_numpy(np.stack(heatmaps))
    return fit_modes(scores, modes=modes, least_height=least_height, iterations=10)


def quantised(*variances: float) -> Tensor:
    return torch.diag(torch.tensor(variances, dtype=torch.float64) + QUANTISATION)


@settings(max_examples=20, deadline=None)
@given(
    x=st.floats(12, 50),
    y=st.floats(12, 35),
    wide=st.floats(0.8, 3),
    high=st.floats(0.8, 3),
    peak=st.floats(0.05, 1),
)
def test_one_blob_is_one_gaussian(
    blob: Callable[..., Array], x: float, y: float, wide: float, high: float, peak: float
) -> None:
    modes = fit(blob((x, y), (wide, high), peak=peak))
    assert modes.weights[0].tolist() == pytest.approx([1, 0, 0], abs=1e-9)
    assert modes.means[0, 0].tolist() == pytest.approx([x, y], abs=0.01)
    torch.testing.assert_close(
        modes.covariances[0, 0], quantised(wide**2, high**2), rtol=0.02, atol=0.01
    )


def test_two_blobs_keep_their_shares(blob: Callable[..., Array]) -> None:
    modes = fit(blob((15, 20), peak=0.8) + blob((40, 30), peak=0.4))
    assert modes.weights[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0], abs=0.01)
    assert modes.means[0, 0].tolist() == pytest.approx([15, 20], abs=0.02)
    assert modes.means[0, 1].tolist() == pytest.approx([40, 30], abs=0.02)


def test_overlapping_blobs_are_told_apart(blob: Callable[..., Array]) -> None:
    modes = fit(blob((25, 20)) + blob((31, 20)))
    found = modes.means[0][modes.weights[0] > 0.1]
    assert sorted(found[:, 0].tolist()) == pytest.approx([25, 31], abs=0.2)


def test_two_equal_cells_are_one_mode(blob: Callable[..., Array]) -> None:
    modes = fit(blob((20.5, 20.5)))
    assert modes.weights[0].tolist() == pytest.approx([1, 0, 0], abs=1e-9)
    assert modes.means[0, 0].tolist() == pytest.approx([20.5, 20.5], abs=0.01)


def test_haze_does_not_widen_a_mode(blob: Callable[..., Array]) -> None:
    clear, hazy = blob((30, 20)), blob((30, 20)) + 0.02
    assert hazy.sum() > 5 * clear.sum(), "most of the mass is haze"
    modes = fit(hazy)
    assert modes.weights[0].tolist() == pytest.approx([1, 0, 0], abs=1e-9)
    torch.testing.assert_close(modes.covariances[0, 0], quantised(2.25, 2.25), rtol=0.1, atol=1e-9)


def test_low_maxima_are_no_modes(blob: Callable[..., Array]) -> None:
    heatmap = blob((15, 20)) + blob((40, 30), peak=0.2)
    assert (fit(heatmap, least_height=0.1).weights > 0).sum() == 2
    assert (fit(heatmap, least_height=0.3).weights > 0).sum() == 1
    assert fit(heatmap, modes=1).weights.shape == (1, 1)


def test_a_single_bright_cell_has_the_width_of_a_cell() -> None:
    heatmap = np.zeros((20, 20))
    heatmap[7, 4] = 1.0
    modes = fit(heatmap)
    assert modes.means[0, 0].tolist() == pytest.approx([4, 7])
    torch.testing.assert_close(modes.covariances[0, 0], quantised(0, 0))


def test_an_empty_heatmap_has_no_modes_and_disturbs_no_other(blob: Callable[..., Array]) -> None:
    full = blob((30, 20))
    both, alone = fit(np.zeros_like(full), full), fit(full)
    assert both.weights[0].tolist() == [0, 0, 0]
    assert both.means.isfinite().all() and both.covariances.isfinite().all()
    torch.testing.assert_close(both.means[1], alone.means[0])
    torch.testing.assert_close(both.covariances[1], alone.covariances[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.tuples(st.integers(2, 9), st.integers(2, 9)))
def test_noise_of_any_size_gives_finite_gaussians(seed: int, size: tuple[int, int]) -> None:
    scores = np.random.default_rng(seed).uniform(size=(4, *size)) ** 4
    modes = fit(*scores)
    assert modes.weights.sum(-1).tolist() == pytest.approx([1] * 4)
    assert (torch.linalg.eigvalsh(modes.covariances) > 0).all()
    assert modes.means.isfinite().all()
