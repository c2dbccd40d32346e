from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from scipy.special import gamma
from torch import Tensor

from platypose.evaluation import metrics
from platypose.evaluation.calibration import calibration_error, hits, quantiles

Array = NDArray[np.float64]
H, F, J = 7, 5, 17


def _clip(seed: int = 0, hypotheses: int = H, frames: int = F) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(seed)
    truth = random.normal(size=(frames, J, 3))
    x = truth + 0.1 * random.normal(size=(hypotheses, frames, J, 3))
    return torch.tensor(x), torch.tensor(truth)


def test_errors_are_distances_in_millimetres() -> None:
    truth = torch.zeros(1, 17, 3)
    hypotheses = truth + torch.tensor([0.03, 0.04, 0.0])
    torch.testing.assert_close(
        metrics.joint_errors(hypotheses[None], truth), torch.full((1, 1, 17), 50.0)
    )


def test_the_best_hypothesis_of_a_sequence_and_of_each_frame_by_loops() -> None:
    x, y = (t.numpy() for t in _clip())
    distance = [
        [np.linalg.norm(x[h, f] - y[f], axis=-1).mean() for f in range(F)] for h in range(H)
    ]
    errors = metrics.joint_errors(*_clip())
    sequence = 1000 * min(np.mean(row) for row in distance)
    frame = 1000 * np.mean([min(distance[h][f] for h in range(H)) for f in range(F)])
    assert metrics.min_mpjpe_sequence(errors) == pytest.approx(sequence)
    assert metrics.min_mpjpe_frame(errors) == pytest.approx(frame)
    assert metrics.min_mpjpe_frame(errors) < metrics.min_mpjpe_sequence(errors)
    best = metrics.best_sequence(errors)
    assert 1000 * np.mean(distance[best]) == pytest.approx(sequence)


def test_the_posterior_mean_is_the_mean_pose_and_not_the_mean_error() -> None:
    truth = torch.zeros(1, 17, 3)
    apart = torch.tensor([0.1, 0.0, 0.0])
    both = torch.stack([truth + apart, truth - apart])
    assert metrics.posterior_mean_errors(both, truth).abs().max() < 1e-6
    assert metrics.joint_errors(both, truth).mean() == pytest.approx(100.0)


def test_alignment_is_that_of_scipy_where_it_is_a_rotation() -> None:
    x, y = _clip()
    aligned = metrics.procrustes(x, y).numpy()
    for h in range(H):
        for f in range(F):
            a, b = (t - t.mean(0) for t in (x[h, f].numpy(), y[f].numpy()))
            turn, scale = orthogonal_procrustes(a, b)
            assert np.linalg.det(turn) > 0
            expected = scale / (a**2).sum() * a @ turn + y[f].numpy().mean(0)
            np.testing.assert_allclose(aligned[h, f], expected, atol=1e-12)


@given(st.integers(0, 2**31), st.floats(0.2, 5))
def test_alignment_undoes_any_motion_and_scale(seed: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(size=(1, J, 3))
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    moved = torch.tensor(scale * truth @ turn + random.normal(size=3))
    aligned = metrics.procrustes(moved[None], torch.tensor(truth))
    torch.testing.assert_close(aligned[0], torch.tensor(truth), atol=1e-9, rtol=0)


def test_alignment_does_not_mirror() -> None:
    _, truth = _clip()
    mirrored = truth * torch.tensor([-1.0, 1.0, 1.0])
    assert metrics.joint_errors(metrics.procrustes(mirrored[None], truth), truth).mean() > 100


def test_pck_and_auc_of_known_errors() -> None:
    errors = torch.tensor([0.0, 74.0, 150.0, 151.0])
    assert metrics.pck(errors) == 0.75
    shares = [(errors <= t).double().mean().item() for t in range(0, 151, 5)]
    assert metrics.auc(errors) == pytest.approx(sum(shares) / 31)
    assert metrics.auc(torch.zeros(3)) == 1.0


def test_velocity_and_acceleration_by_loops() -> None:
    hypotheses, truth = _clip()
    x, y = hypotheses.numpy(), truth.numpy()
    velocity = [np.linalg.norm((x[h, f + 1] - x[h, f]) - (y[f + 1] - y[f]), axis=-1)
                for h in range(H) for f in range(F - 1)]  # fmt: skip
    acceleration = [
        np.linalg.norm((x[h, f + 2] - 2 * x[h, f + 1] + x[h, f])
                       - (y[f + 2] - 2 * y[f + 1] + y[f]), axis=-1)
        for h in range(H) for f in range(F - 2)
    ]  # fmt: skip
    np.testing.assert_allclose(
        metrics.velocity_errors(hypotheses, truth).mean(), 1000 * np.mean(velocity)
    )
    np.testing.assert_allclose(
        metrics.acceleration_errors(hypotheses, truth).mean(), 1000 * np.mean(acceleration)
    )


def test_a_constant_offset_has_no_velocity_error() -> None:
    _, truth = _clip()
    assert metrics.velocity_errors(truth[None] + 0.5, truth).max() < 1e-9


def test_bone_lengths_that_breathe_by_a_known_amount() -> None:
    still = torch.zeros(1, 4, 3, 3)
    still[..., 1, 0] = torch.tensor([0.99, 1.01, 0.99, 1.01])
    still[..., 2, 1] = 1.0
    variation = metrics.bone_length_variation(still, ((0, 1), (0, 2)))
    assert variation == pytest.approx(5.0, abs=1e-3)  # 10 mm and 0 mm


def test_the_energy_score_by_loops_over_all_pairs() -> None:
    hypotheses, truth = _clip()
    x, y = 1000 * hypotheses.flatten(2).numpy(), 1000 * truth.flatten(1).numpy()
    expected = [
        np.mean([np.linalg.norm(x[h, f] - y[f]) for h in range(H)])
        - np.mean([np.linalg.norm(x[h, f] - x[g, f]) for h in range(H) for g in range(H)]) / 2
        for f in range(F)
    ]
    np.testing.assert_allclose(metrics.energy_score(hypotheses, truth), expected)


def test_the_energy_score_of_one_coordinate_is_the_crps() -> None:
    """∫ (F(z) − 1[z ≥ y])² dz of the empirical distribution, piece by piece (Hersbach, 2000)."""
    random = np.random.default_rng(1)
    values, y = np.sort(random.normal(size=40)), 0.3
    edges = np.sort(np.append(values, y))
    share = np.searchsorted(values, edges[:-1], side="right") / 40
    crps = ((share - (edges[:-1] >= y)) ** 2 * np.diff(edges)).sum()
    hypotheses = torch.zeros(40, 1, 1, 3, dtype=torch.float64)
    hypotheses[:, 0, 0, 0] = torch.tensor(values)
    truth = torch.tensor([[[y, 0.0, 0.0]]], dtype=torch.float64)
    assert float(metrics.energy_score(hypotheses, truth)) == pytest.approx(1000 * crps)


def test_the_energy_score_of_a_gaussian_is_known() -> None:
    """With X, X', x* ~ N(0, I) in D dimensions: E‖X − x*‖ / 2 = Γ((D + 1)/2) / Γ(D/2)."""
    generator = torch.Generator().manual_seed(0)
    frames, hypotheses, dimensions = 60, 400, 6

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, 2, 3, generator=generator, dtype=torch.float64)

    scores = metrics.energy_score(draw(hypotheses, frames), draw(frames))
    expected = 1000 * gamma((dimensions + 1) / 2) / gamma(dimensions / 2)
    spread = float(scores.std()) / math.sqrt(frames)
    assert abs(float(scores.mean()) - expected) < 3 * spread


def test_neither_a_narrow_nor_a_wide_posterior_beats_the_true_one() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(200, 17, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(60, 200, 17, 3, generator=generator, dtype=torch.float64)
    score = {s: float(metrics.energy_score(s * noise, truth).mean()) for s in (0.5, 1.0, 2.0)}
    assert score[1.0] < score[0.5] and score[1.0] < score[2.0]


@pytest.mark.parametrize("pairs", [1, 20, 60, 2**22])
def test_pieces_of_any_size_give_the_same_score(
    pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = metrics.energy_score(*_clip())
    monkeypatch.setattr(metrics, "PAIRS", pairs)
    torch.testing.assert_close(metrics.energy_score(*_clip()), expected)


def test_single_precision_is_enough_for_hypotheses_a_tenth_of_a_millimetre_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(2, 17, 3, generator=generator, dtype=torch.float64)
    x = truth + 1e-4 * torch.randn(50, 2, 17, 3, generator=generator, dtype=torch.float64)
    single = metrics.energy_score(x.float(), truth.float())
    torch.testing.assert_close(single.double(), metrics.energy_score(x, truth), rtol=1e-3, atol=0)


def _hits_by_loops(x: Array, y: Array) -> Array:
    count = np.zeros((21, x.shape[2]))
    for frame in range(x.shape[1]):
        for joint in range(x.shape[2]):
            middle = np.array([np.median(x[:, frame, joint, c]) for c in range(3)])
            spread = [np.linalg.norm(row - middle) for row in x[:, frame, joint]]
            far = np.linalg.norm(y[frame, joint] - middle)
            for i in range(21):
                count[i, joint] += np.quantile(spread, i / 20) > far
    return count


@pytest.mark.parametrize("hypotheses", [7, 8])
def test_hits_are_counted_as_the_paper_counts_them(hypotheses: int) -> None:
    x, y = _clip(3, hypotheses=hypotheses)
    np.testing.assert_array_equal(hits(x, y), _hits_by_loops(x.numpy(), y.numpy()))


def test_a_truth_drawn_like_the_hypotheses_is_calibrated() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(301, 2000, 4, 3, generator=generator, dtype=torch.float64)
    frequency = hits(drawn[1:], drawn[0]) / 2000
    assert calibration_error(frequency) < 0.015
    assert calibration_error(frequency, "mean") < 0.015


def test_hypotheses_that_agree_on_something_wrong_have_the_largest_error() -> None:
    """No quantile is ever hit: the error is the mean of the quantiles, ½."""
    truth = torch.zeros(6, 4, 3)
    hypotheses = torch.ones(9, 6, 4, 3) + 1e-3 * torch.arange(9).view(-1, 1, 1, 1)
    assert calibration_error(hits(hypotheses, truth) / 6) == pytest.approx(0.5)


def test_the_paper_takes_the_median_over_joints() -> None:
    frequency = quantiles()[:, None].repeat(1, 5)
    frequency[:, 0] = 0
    assert calibration_error(frequency) == pytest.approx(0)
    assert calibration_error(frequency, "mean") == pytest.approx(0.1)
