"""The measures of a prior against closed forms, and the command as a user sees it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from platypose.api import UserError
from platypose.cli.app import build_app
from platypose.evaluation.prior.bodies import bone_asymmetry, bone_variation, foot_skating
from platypose.evaluation.prior.errors import SIGMAS, by_stance, errors_of, rms, tilted
from platypose.evaluation.prior.features import (
    facing,
    frechet_distance,
    of_one_size,
    pose_features,
    velocity_features,
)
from platypose.evaluation.prior.memorisation import clip_features, nearer, nearest
from platypose.evaluation.prior.recorded import Recorded
from platypose.evaluation.prior.tables import markdown, tables
from platypose.lifting import Platypose
from platypose.motion import Clip, MotionSet
from platypose.skeleton import H36M_17
from platypose.training.augment import yaw_matrices

JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
STANDING = torch.tensor(H36M_17.standing)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _people(batch: int, frames: int, seed: int = 0) -> Tensor:
    clips = STANDING + 0.05 * _normal(batch, frames, 17, 3, seed=seed)
    return clips - clips[:, :, :1]


def test_the_frechet_distance_of_shifted_gaussians_is_the_shift() -> None:
    x = _normal(500, 6)
    shift = torch.tensor([3.0, 0.0, 4.0, 0.0, 0.0, 0.0])
    assert frechet_distance(x, x + shift) == pytest.approx(5.0, abs=1e-3)
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-3)


def test_the_frechet_distance_of_gaussians_with_common_axes_is_that_of_their_deviations() -> None:
    """W₂² = |μ − μ'|² + Σ (s_i − s'_i)²; the samples are whitened, so it holds exactly."""
    white = _normal(400, 4).double()
    white = white - white.mean(0)
    white = torch.linalg.solve_triangular(
        torch.linalg.cholesky(white.mT @ white / 399), white.mT, upper=False
    ).mT
    turn = torch.linalg.qr(_normal(4, 4, seed=1).double()).Q
    one, other = torch.tensor([1.0, 2.0, 0.5, 0.0]).double(), torch.tensor([2.0, 1.0, 0.5, 1.0])
    a, b = (white * one) @ turn, (white * other.double()) @ turn + 1.0
    expected = math.sqrt(4 * 1.0 + 1 + 1 + 0 + 1)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-6)


def test_facing_takes_out_the_heading_and_nothing_else() -> None:
    clips = _people(5, 3)
    angle = torch.linspace(0, 5, 5)[:, None, None]
    turned = clips @ yaw_matrices(angle).mT
    for once in (False, True):
        torch.testing.assert_close(
            facing(turned, H36M_17, once=once), facing(clips, H36M_17, once=once), atol=1e-5, rtol=0
        )
    left, right = (facing(clips, H36M_17)[..., JOINT[f"{s}_hip"], 0] for s in ("left", "right"))
    assert bool((left > right).all())
    torch.testing.assert_close(facing(clips, H36M_17).norm(dim=-1), clips.norm(dim=-1))


def test_features_know_neither_heading_nor_size() -> None:
    clips = _people(4, 3)
    other = 1.3 * clips @ yaw_matrices(torch.full((4, 1, 1), 2.0)).mT
    torch.testing.assert_close(
        pose_features(other, H36M_17), pose_features(clips, H36M_17), atol=0.01, rtol=0
    )
    torch.testing.assert_close(
        velocity_features(other, H36M_17, 30.0),
        velocity_features(clips, H36M_17, 30.0),
        atol=0.3,
        rtol=0,
    )
    assert pose_features(clips, H36M_17).shape == (12, 48)
    assert velocity_features(clips, H36M_17, 30.0).shape == (8, 48)
    torch.testing.assert_close(of_one_size(2 * STANDING[None, None], H36M_17)[0, 0], STANDING)


def test_a_velocity_is_in_millimetres_a_second() -> None:
    """A standing person's wrist rises by 1 cm in each of 30 frames a second: 300 mm/s."""
    clip = STANDING.repeat(1, 4, 1, 1)
    clip[0, :, JOINT["left_wrist"], 2] += 0.001 * torch.arange(4)
    clip[0, :, JOINT["left_elbow"], 2] += 0.001 * torch.arange(4)
    velocity = velocity_features(clip, H36M_17, 30.0).reshape(-1, 16, 3)
    assert velocity[:, JOINT["left_wrist"] - 1, 2] == pytest.approx(30.0, abs=0.6)


def test_rigid_bones_do_not_vary_and_stretched_ones_do() -> None:
    clip = STANDING.repeat(2, 8, 1, 1)
    assert float(bone_variation(clip, H36M_17).max()) < 1e-3
    stretch = torch.tensor([-0.01, 0.01]).repeat(4)
    clip[1, :, JOINT["head"], 2] += stretch  # one bone of 16 by 10 mm
    assert float(bone_variation(clip, H36M_17)[1]) == pytest.approx(10 / 16, rel=1e-3)


def test_sides_that_differ_are_asymmetric() -> None:
    clip = STANDING.repeat(1, 2, 1, 1)
    assert float(bone_asymmetry(clip, H36M_17)) < 1e-3
    clip[0, :, JOINT["left_foot"], 2] -= 0.06  # one bone of 6 pairs longer by 60 mm
    assert float(bone_asymmetry(clip, H36M_17)) == pytest.approx(10.0, rel=1e-3)


def test_feet_that_part_while_both_stand_slide_at_least_half_as_fast_each() -> None:
    clip = STANDING.repeat(1, 31, 1, 1)
    clip[0, :, JOINT["left_foot"], 0] += 0.01 * torch.arange(31)
    skating = foot_skating(clip, H36M_17, 30.0)
    assert skating.mean == pytest.approx(150.0, rel=1e-3)
    assert skating.median == pytest.approx(150.0, rel=1e-3)
    assert skating.share == 1.0


def test_a_root_that_travels_over_planted_feet_is_no_skating() -> None:
    clip = STANDING.repeat(1, 10, 1, 1)
    legs = [JOINT[f"{side}_{part}"] for side in ("left", "right") for part in ("foot", "knee")]
    clip[0, :, legs, 1] -= 0.02 * torch.arange(10)[:, None]
    assert foot_skating(clip, H36M_17, 30.0).mean == pytest.approx(0.0, abs=1e-2)


@pytest.mark.parametrize("change", ["lifted", "lying"])
def test_feet_that_do_not_stand_may_move(change: str) -> None:
    clip = STANDING.repeat(1, 10, 1, 1)
    clip[0, :, JOINT["left_foot"], 0] += 0.01 * torch.arange(10)
    if change == "lifted":
        clip[0, :, JOINT["left_foot"], 2] += 0.1
    else:
        clip[..., 2] = 0.0
    assert foot_skating(clip, H36M_17, 30.0).share == 0.0


def test_a_copied_set_lies_at_no_distance() -> None:
    clips = _people(50, 4)
    features = clip_features(clips, H36M_17)
    turned = clip_features(1.2 * clips @ yaw_matrices(torch.full((50, 1, 1), 1.0)).mT, H36M_17)
    assert float(nearest(features, features).max()) == 0.0
    assert float(nearest(turned, features).max()) < 1e-2


def test_the_nearest_is_the_nearest() -> None:
    queries, references = _normal(30, 5), _normal(70, 5, seed=1)
    expected = np.linalg.norm(queries.numpy()[:, None] - references.numpy(), axis=-1)
    np.testing.assert_allclose(nearest(queries, references).numpy(), expected.min(1), rtol=1e-5)
    of, among = torch.arange(30) % 3, torch.arange(70) % 3
    expected[of.numpy()[:, None] == among.numpy()] = np.inf
    found = nearest(queries, references, of=of, among=among)
    np.testing.assert_allclose(found.numpy(), expected.min(1), rtol=1e-5)
    alone = nearest(queries[:1], references[:1], of=of[:1], among=among[:1])
    assert alone.isinf().all()


def test_a_distance_is_the_root_mean_square_of_a_joint_s() -> None:
    one, other = (_people(1, 3, seed=seed) for seed in (0, 1))
    distance = nearest(clip_features(one, H36M_17), clip_features(other, H36M_17))
    one, other = (facing(of_one_size(c, H36M_17), H36M_17, once=True) for c in (one, other))
    squares = (one - other)[:, :, 1:].square().sum(-1)
    assert float(distance[0]) == pytest.approx(1000 * float(squares.mean().sqrt()), rel=1e-4)


def test_nearer_is_a_probability_with_ties_half() -> None:
    a, b = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 4.0])
    pairs = [(x < y) + 0.5 * (x == y) for x in a.tolist() for y in b.tolist()]
    assert nearer(a, b) == pytest.approx(sum(pairs) / 6)
    assert nearer(b, b) == pytest.approx(0.5)


def test_a_tilt_turns_by_its_angle_about_a_horizontal_axis() -> None:
    clips = _people(40, 2)
    after = tilted(clips, 20.0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(after.norm(dim=-1), clips.norm(dim=-1), atol=1e-5, rtol=0)
    # Where the vertical goes is 20° from it.
    up = tilted(
        torch.tensor([0.0, 0.0, 1.0]).repeat(40, 1, 1, 1), 20.0, torch.Generator().manual_seed(0)
    )
    torch.testing.assert_close(up[..., 2], torch.full_like(up[..., 2], math.cos(math.radians(20))))
    assert float(up[:, 0, 0, 0].std()) > 0.1


def _numbered(subjects: dict[str, int]) -> MotionSet:
    """Clips whose every frame says, by its left knee, which recording and frame it is."""
    positions, clips, start = [], [], 0
    for number, (name, frames) in enumerate(subjects.items()):
        pose = np.tile(np.array(H36M_17.standing, np.float32), (frames, 1, 1)) + 5.0
        pose[:, 5, 0] = 5.0 + 100 * number + np.arange(frames)
        positions.append(pose)
        clips.append(Clip(name=name, subject=name, split="train", start=start, frames=frames))
        start += frames
    return MotionSet(
        positions=np.concatenate(positions),
        clips=tuple(clips),
        skeleton="h36m-17",
        frame_rate=30.0,
        credit="",
        source="",
    )


def test_drawn_clips_lie_within_one_recording() -> None:
    recorded = Recorded({"a": (_numbered({"short": 3, "middle": 6, "long": 20}), "train")})
    for drawn in (
        recorded.draw(300, 4, torch.Generator().manual_seed(0)),
        recorded.spread(300, 4),
    ):
        number = drawn.clips[:, :, 5, 0]
        expected = 100 * drawn.recording[:, None] + torch.arange(4) + (number[:, :1] % 100)
        torch.testing.assert_close(number, expected.float())
        assert set(drawn.recording.tolist()) == {1, 2}
        assert len(set(number[:, 0].tolist())) == 3 + 17
        assert float(drawn.clips[:, :, 0].abs().max()) == 0.0
    assert recorded.can_give(20) and not recorded.can_give(21)
    with pytest.raises(UserError, match="no recording has 21 frames; lower --frames"):
        recorded.spread(1, 21)


@pytest.fixture(scope="module")
def pose(tiny_prior: Path) -> Platypose:
    return Platypose.from_pretrained(tiny_prior, device="cpu")


def test_the_error_of_a_denoiser_that_does_nothing_is_the_noise(
    pose: Platypose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(pose.prior.denoiser), "forward", lambda self, x, sigma, mask=None: x)
    part = errors_of(pose.prior, _people(400, 1), 2.0, seed=0)
    expected = [1000 * pose.prior.header.scale * sigma for sigma in SIGMAS]
    assert rms(part) == pytest.approx(expected, rel=0.02)
    assert rms(part, part) == pytest.approx(rms(part))
    stances = by_stance(part)
    assert list(stances) == ["upright"]
    assert stances["upright"]["share"] == pytest.approx(1.0, abs=0.01)
    assert stances["upright"]["rms_mm"] == pytest.approx(rms(part), rel=0.01)


def test_a_larger_set_counts_more() -> None:
    from platypose.evaluation.prior.errors import Errors

    square = torch.ones(len(SIGMAS), 10, 1)
    small = Errors(square=square, stance=torch.zeros(10, 1), weight=1.0)
    large = Errors(square=9 * square, stance=torch.zeros(10, 1), weight=3.0)
    assert rms(small, large) == pytest.approx([math.sqrt((1 + 27) / 4)] * len(SIGMAS))


def _run(*arguments: object) -> Any:
    return CliRunner().invoke(build_app(), ["evaluate-prior", *map(str, arguments)])


def test_the_command_prints_and_writes(tiny_prior: Path, tiny_motion: Path, tmp_path: Path) -> None:
    done = _run(
        *(tiny_prior, "--data", tiny_motion, "--limit", 40, "--device", "cpu"),
        *(
            "--json",
            tmp_path / "a.json",
            "--markdown",
            tmp_path / "a.md",
            "--out",
            tmp_path / "new",
        ),
    )
    assert done.exit_code == 0, done.output
    for text in ("Denoising error", "held-out / training", "Fréchet", "Distance to the nearest"):
        assert text in done.output
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["kind"] == "prior-evaluation"
    assert content["denoising"]["sigma"] == list(SIGMAS)
    ratio = [h / t for h, t in zip(*(content["denoising"][k] for k in ("held_out_mm", "train_mm")))]
    assert content["denoising"]["ratio"] == pytest.approx(ratio)
    assert set(content["denoising"]["changed_mm"]) == {
        *("tilt 10°", "tilt 20°", "size 0.8", "size 1.2")
    }
    assert content["frechet"]["pose_mm"]["samples_train"] > 0
    assert "velocity_mm_s" not in content["frechet"]  # a prior of single frames
    files = {path.name for path in (tmp_path / "new").iterdir()}
    assert files == {"results.json", "measures.md", "denoising.png", "nearest.png"}
    assert (tmp_path / "a.md").read_text() == markdown(content)
    for table in tables(content):
        assert f"### {table.title}" in markdown(content)
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_same_seed_gives_the_same_figures(
    tiny_prior: Path, tiny_motion: Path, tmp_path: Path
) -> None:
    contents = []
    for name in ("a", "b"):
        path = tmp_path / name
        done = _run(tiny_prior, "--data", tiny_motion, "--limit", 20, "--json", path)
        assert done.exit_code == 0, done.output
        contents.append(json.loads(path.read_text()) | {"seconds": 0})
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--limit", 0), "limit is 0 but needs a whole number above 0"),
        (("--frames", 2), "--frames 2: this prior knows clips of 1 to 1"),
        (("--held-out", "exam"), "no motion set has a recording in the split 'exam'"),
        (("--sampler", "ancestrl"), "ancestrl"),
        (("--report", "pictures"), "--out is missing"),
        (("--json", "nowhere/a.json"), "--json nowhere/a.json must be a file name in a folder"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    options: tuple[object, ...], message: str, tiny_prior: Path, tiny_motion: Path
) -> None:
    done = _run(tiny_prior, "--data", tiny_motion, *options)
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)


def test_a_motion_prior_is_measured_on_clips(pose: Platypose, tiny_motion: Path) -> None:
    """The tiny network takes clips of any length; only the header says how long they may be."""
    import attrs

    from platypose.config import structure
    from platypose.evaluation.prior.config import EvaluatePriorConfig
    from platypose.evaluation.prior.run import evaluate_prior

    prior = attrs.evolve(pose.prior, header=attrs.evolve(pose.prior.header, frames=4))
    plan = structure(
        {"prior": "tiny", "data": [str(tiny_motion)], "limit": 40, "sampler": "ancestral"},
        EvaluatePriorConfig,
        "test",
    )
    content = evaluate_prior(Platypose(prior), {"tiny": MotionSet.read(tiny_motion)}, plan)
    assert content["frames"] == 4 and content["sampled_frames"] == 40
    assert set(content["memorisation"]) == {"poses", "clips"}
    assert content["frechet"]["velocity_mm_s"]["samples_train"] > 0
    assert content["bodies"]["bone_variation_mm"]["samples"] > 0
    assert content["bodies"]["foot_skating_mm_s"]["held_out"]["share"] > 0
    assert "clips: samples" in markdown(content)
