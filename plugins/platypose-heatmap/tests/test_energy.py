"""What the heatmap energy promises of its value, its gradient and its minima."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_heatmap.config import HeatmapConfig
from platypose_heatmap.density import density
from platypose_heatmap.energy import HeatmapEnergy, build
from platypose_heatmap.modes import QUANTISATION, Modes
from scipy.stats import multivariate_normal
from torch import Tensor

from platypose.api import BuildContext

Array = np.ndarray[Any, Any]
Energies = Callable[..., HeatmapEnergy]
Contexts = Callable[..., BuildContext]
Blobs = Callable[..., Array]
Place = Callable[[Any], Tensor]


def uniform(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(size=shape))


def gradient(energy: HeatmapEnergy, joints: Tensor) -> Tensor:
    leaf = joints.clone().requires_grad_()
    (result,) = torch.autograd.grad(energy(leaf).sum(), leaf)
    return result


def test_the_density_is_the_documented_mixture() -> None:
    config = HeatmapConfig(gross=0.2, gross_sigma=8.0, floor=0.01)
    weights, means = [0.7, 0.3], [[10.0, 12.0], [30.0, 20.0]]
    covariances = [[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 3.0]]]
    affine = np.array([[6.0, -2.0, 100.0], [2.0, 6.0, 50.0]])
    peak, area = 0.6, 300_000.0
    modes = Modes(
        weights=torch.tensor([weights], dtype=torch.float64),
        means=torch.tensor([means], dtype=torch.float64),
        covariances=torch.tensor([covariances], dtype=torch.float64),
    )
    made = density(
        modes,
        torch.full((1, 1, 1), peak, dtype=torch.float64),
        torch.from_numpy(affine)[None, None, None],
        torch.tensor([area], dtype=torch.float64),
        config,
    )
    points = np.random.default_rng(0).uniform(0, 500, (40, 2))

    turn = affine[:, :2]
    centres = [turn @ mean + affine[:, 2] for mean in means]
    spreads = [turn @ np.array(covariance) @ turn.T for covariance in covariances]
    blob_variance = sum(w * np.sqrt(np.linalg.det(s)) for w, s in zip(weights, spreads))
    centre = sum(w * c for w, c in zip(weights, centres))
    miss = 0.01 + 0.99 * (1 - peak) ** 2
    blobs = sum(
        w * multivariate_normal(c, s).pdf(points) for w, c, s in zip(weights, centres, spreads)
    )
    narrow, wide = (
        multivariate_normal(centre, width**2 * blob_variance * np.eye(2)).pdf(points)
        for width in (8, 24)
    )
    expected = miss / area + (1 - miss) * (0.8 * blobs + 0.1 * narrow + 0.1 * wide)

    log_density = made.log(torch.from_numpy(points).reshape(-1, 1, 1, 1, 2)).flatten()
    np.testing.assert_allclose(log_density.exp().numpy(), expected, rtol=1e-10)


def test_the_density_integrates_to_1(energy_of: Energies, blob: Blobs, at: Place) -> None:
    heatmap = blob((20, 20), (2, 1), peak=0.7) + blob((40, 30), peak=0.4)
    energy = energy_of(heatmap, image_size=(640, 480))
    step, low, high = 8.0, -800.0, 1360.0
    axis = torch.arange(low, high, step) + step / 2
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    mass = (-energy(at(grid))).exp().sum().item() * step**2
    # The floor is a density over the image and goes on beyond it.
    floor = (-energy(at([1e7, 1e7]))).exp().item()
    assert mass - floor * ((high - low) ** 2 - 640 * 480) == pytest.approx(1, abs=1e-3)


def test_gradient_and_curvature_are_those_of_the_value(make_context: Contexts, blob: Blobs) -> None:
    heatmaps = np.stack([blob((20, 20)) + blob((30, 30)), blob((40, 10), (3, 1), peak=0.3)])
    heatmaps = np.broadcast_to(heatmaps, (2, 2, *heatmaps.shape))
    energy = build(HeatmapConfig(), make_context(heatmaps))
    joints = uniform(3, 2, 17, 3) * 400
    joints.requires_grad_()
    assert torch.autograd.gradcheck(energy, joints, fast_mode=True)
    assert torch.autograd.gradgradcheck(energy, joints, fast_mode=True)


@settings(max_examples=20, deadline=None)
@given(
    mode=st.tuples(st.floats(12, 50), st.floats(12, 35)),
    start=st.tuples(st.floats(0, 640), st.floats(0, 480)),
    part=st.floats(0.01, 0.99),
    peak=st.floats(0.05, 1),
)
def test_every_step_towards_the_mode_lowers_the_energy(
    energy_of: Energies,
    blob: Blobs,
    at: Place,
    mode: tuple[float, float],
    start: tuple[float, float],
    part: float,
    peak: float,
) -> None:
    energy = energy_of(blob(mode, peak=peak))
    # The fitted mode, which lies within a hundredth of a cell of the true one.
    goal = energy.density.mean[0, 0, 0, 0]
    first = torch.tensor(start, dtype=torch.float64)
    if (first - goal).norm() < 1:
        return
    there = energy(at(torch.stack([first, first + part * (goal - first)])))
    assert there[1] < there[0]


def test_a_limb_that_starts_far_away_is_still_pulled(
    energy_of: Energies, blob: Blobs, at: Place
) -> None:
    """Twenty-five blob widths away; with the floor alone there would be no pull at all."""
    heatmap = blob((50, 20), peak=0.9)
    far = at([120.0, 200.0])
    with_gross = gradient(energy_of(heatmap), far)[0, 0, 0]
    without = gradient(energy_of(heatmap, HeatmapConfig(gross=0.0)), far)[0, 0, 0]
    assert with_gross[0] < -1e-3
    assert without.abs().max() < 1e-20


def test_two_modes_are_two_minima(energy_of: Energies, blob: Blobs, at: Place) -> None:
    energy = energy_of(blob((20, 20), peak=0.9) + blob((40, 30), peak=0.6))
    minima = []
    for start in ([190.0, 210.0], [410.0, 290.0]):
        point = torch.tensor(start, dtype=torch.float64)
        for _ in range(20):
            slope, curvature = slope_and_curvature(energy, point)
            point = point - torch.linalg.solve(curvature, slope)
        assert slope.abs().max() < 1e-9
        assert (torch.linalg.eigvalsh(curvature) > 0).all()
        minima.append(point)
    assert minima[0].tolist() == pytest.approx([200, 200], abs=0.5)
    assert minima[1].tolist() == pytest.approx([400, 300], abs=0.5)
    middle = (minima[0] + minima[1]) / 2
    low, high, between = energy(at(torch.stack([*minima, middle]))).flatten().tolist()
    assert high - low == pytest.approx(log(0.9 / 0.6), abs=0.05)
    assert between > high + 2


def slope_and_curvature(energy: HeatmapEnergy, pixel: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient (2) and Hessian (2, 2) by the pixel of the first keypoint."""
    leaf = torch.zeros(1, 1, 17, 3, dtype=torch.float64)
    leaf[0, 0, 0, :2] = pixel
    leaf.requires_grad_()
    (slope,) = torch.autograd.grad(energy(leaf).sum(), leaf, create_graph=True)
    rows = [
        torch.autograd.grad(slope[0, 0, 0, axis], leaf, retain_graph=True)[0] for axis in (0, 1)
    ]
    return slope[0, 0, 0, :2].detach(), torch.stack(rows)[:, 0, 0, 0, :2]


def test_an_empty_heatmap_says_nothing(energy_of: Energies, at: Place) -> None:
    energy = energy_of(np.zeros((48, 64)))
    joints = at(uniform(20, 2) * 1000)
    torch.testing.assert_close(
        energy(joints), torch.full((20, 1), log(640 * 480), dtype=torch.float64)
    )
    assert (gradient(energy, joints) == 0).all()


def test_a_faint_heatmap_says_little(energy_of: Energies, blob: Blobs, at: Place) -> None:
    places = at([[300.0, 200.0], [600.0, 450.0]])
    gains = []
    for peak in (0.02, 0.2, 0.5, 0.9):
        near, far = energy_of(blob((30, 20), peak=peak))(places).flatten().tolist()
        gains.append(far - near)
    assert gains == sorted(gains)
    assert gains[0] < 0.5 * gains[-1]


def test_hypotheses_and_frames_do_not_meet(make_context: Contexts, blob: Blobs) -> None:
    heatmaps = np.stack([blob((20, 20)), blob((40, 30))])[:, None, None]
    energy = build(HeatmapConfig(), make_context(heatmaps))
    joints = uniform(3, 2, 17, 3) * 400
    joints.requires_grad_()
    nats = energy(joints)
    for h in range(3):
        for f in range(2):
            (slope,) = torch.autograd.grad(nats[h, f], joints, retain_graph=True)
            assert slope[h, f].abs().max() > 0
            slope[h, f] = 0
            assert (slope == 0).all()


def test_keypoints_and_views_add_up(
    make_context: Contexts, energy_of: Energies, blob: Blobs, at: Place
) -> None:
    first, second = blob((20, 20)), blob((40, 30), peak=0.5)
    heatmaps = np.stack([first, second])[None, :, None]
    both = build(HeatmapConfig(), make_context(heatmaps))
    joints = at([[150.0, 260.0], [420.0, 280.0]])
    torch.testing.assert_close(both(joints), energy_of(first)(joints) + energy_of(second)(joints))


def test_bytes_are_fractions_of_255(energy_of: Energies, blob: Blobs, at: Place) -> None:
    heatmap = np.round(255 * blob((30, 20), peak=0.8)).astype(np.uint8)
    joints = at(np.random.default_rng(0).uniform(0, 480, (20, 2)))
    as_float = (heatmap / 255).astype(np.float32)
    torch.testing.assert_close(
        energy_of(heatmap)(joints), energy_of(as_float)(joints), rtol=1e-5, atol=1e-5
    )


def test_a_window_around_the_blob_serves_as_well_as_the_whole_grid(
    energy_of: Energies, blob: Blobs, at: Place
) -> None:
    heatmap = blob((30, 20), peak=0.8)
    window = heatmap[10:30, 20:40]
    affine = np.array([[10.0, 0.0, 200.0], [0.0, 10.0, 100.0]])[None, None, None]
    joints = at(np.random.default_rng(0).uniform(0, 480, (20, 2)))
    torch.testing.assert_close(
        energy_of(window, cell_to_pixel=affine)(joints),
        energy_of(heatmap)(joints),
        rtol=0,
        atol=1e-4,
    )


def test_a_larger_image_of_the_same_scene_says_the_same(
    energy_of: Energies, blob: Blobs, at: Place
) -> None:
    """A density in 1/px² falls by the square of the magnification, everywhere alike."""
    heatmap = blob((30, 20), (2, 1), peak=0.8)
    affine = np.array([[7.0, -7.0, 200.0], [7.0, 7.0, 20.0]])[None, None, None]
    points = uniform(20, 2) * 480
    once = energy_of(heatmap, cell_to_pixel=affine)(at(points))
    large = energy_of(heatmap, cell_to_pixel=3 * affine, image_size=(1920, 1440))
    torch.testing.assert_close(large(at(3 * points)), once + log(9))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_any_finite_point_has_finite_energy_and_gradient(
    energy_of: Energies, blob: Blobs, at: Place, dtype: torch.dtype
) -> None:
    energy = energy_of(blob((30, 20)), dtype=dtype)
    joints = at([[300.0, 200.0], [1e6, -1e6], [1e15, 1e15], [-1e18, 0.0]]).to(dtype)
    assert energy(joints).dtype == dtype
    assert energy(joints).isfinite().all()
    assert gradient(energy, joints).isfinite().all()


def test_quantisation_is_part_of_a_blob(energy_of: Energies, at: Place) -> None:
    heatmap = np.zeros((48, 64))
    heatmap[20, 30] = 1.0
    certain = HeatmapConfig(gross=0.0, floor=1e-12)
    value = energy_of(heatmap, certain)(at([300.0, 200.0])).item()
    assert value == pytest.approx(log(2 * np.pi * QUANTISATION * 100), abs=1e-6)


def test_in_the_image_steps_never_overshoot(energy_of: Energies, blob: Blobs) -> None:
    """The quadratic form of gradient and curvature lies above the energy, at and between modes."""
    energy = energy_of(blob((20, 20)) + 0.6 * blob((28, 22), (2.0, 1.0)))
    at = [[200.0, 200], [205, 190], [240, 210], [280, 220], [300, 260], [30, 470], [600, 20]]
    pixels = torch.tensor(at).double()[:, None, None, None]
    nats, slope, curvature = energy.in_images(pixels)

    def value(pixel: Tensor) -> Tensor:
        return energy.in_images(pixel[None, None, None, None])[0][0, 0]

    for h, pixel in enumerate(pixels[:, 0, 0, 0]):
        torch.testing.assert_close(nats[h, 0], -energy.density.log(pixels[h])[0, 0, 0])
        torch.testing.assert_close(slope[h, 0, 0, 0], torch.func.grad(value)(pixel))
        assert torch.linalg.eigvalsh(curvature[h, 0, 0, 0]).min() > 0
        for other in pixels[:, 0, 0, 0]:
            move = other - pixel
            bound = nats[h, 0] + slope[h, 0, 0, 0] @ move
            bound = bound + move @ curvature[h, 0, 0, 0] @ move / 2
            assert value(other) <= bound + 1e-9


def test_at_a_lone_mode_the_curvature_is_the_hessian(energy_of: Energies, blob: Blobs) -> None:
    energy = energy_of(blob((20, 20)), HeatmapConfig(gross=0.0, floor=1e-9))
    mode = torch.tensor([200.0, 200.0]).double()
    curvature = energy.in_images(mode[None, None, None, None])[2][0, 0, 0, 0]

    def value(pixel: Tensor) -> Tensor:
        return energy.in_images(pixel[None, None, None, None])[0][0, 0]

    hessian = torch.func.hessian(value)(mode)
    torch.testing.assert_close(curvature, hessian, rtol=1e-3, atol=1e-3 * float(hessian.max()))
