"""The floor under feet that rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from platypose.lifting import Result
from platypose.lifting.ground import ANKLE, floor_of
from platypose.skeleton import H36M_17

LEFT, RIGHT = (H36M_17.joints.index(f"{side}_foot") for side in ("left", "right"))


def result(left: NDArray[np.float64], right: NDArray[np.float64]) -> Result:
    """A result of feet (H, F, 3) alone; all other joints are at a metre."""
    samples = np.zeros((*left.shape[:2], 17, 3), np.float32)
    samples[..., 2] = 1.0
    samples[:, :, LEFT], samples[:, :, RIGHT] = left, right
    empty = np.zeros((*left.shape[:2], 0, 0, 2), np.float32)
    return Result(
        samples=samples,
        root=np.zeros((*left.shape[:2], 3), np.float32),
        energy=np.zeros(left.shape[:2], np.float32),
        skeleton=H36M_17,
        frame_rate=30.0,
        credit="",
        projected=empty,
        observed=empty[0],
        weights=empty[0, ..., 0],
        keypoint_names=(),
    )


def walking(heights: NDArray[np.float64], frames: int = 120) -> Result:
    """One foot stands while the other swings, half a second each."""
    time = np.arange(frames)
    phase = (time % 30) / 30
    swing = np.stack([1.2 * time / 30, 0 * time, 0.12 * np.sin(np.pi * (phase % 0.5) * 2)], -1)
    stand = np.stack([1.2 * (time // 15) / 2, 0 * time, 0 * time], -1)
    up = np.stack([np.zeros((len(heights), frames))] * 2 + [heights[:, None] + 0 * time], -1)
    first = (phase < 0.5)[:, None]
    return result(np.where(first, stand, swing) + up, np.where(first, swing, stand) + up)


def test_a_walker_s_floor_is_an_ankle_below_the_standing_foot() -> None:
    heights = ANKLE + 0.4 + np.array([-0.02, 0.0, 0.02])
    floor = floor_of(walking(heights))
    assert floor is not None
    assert abs(floor["height_m"] - 0.4) < 0.002
    assert abs(floor["deviation_m"] - heights.std()) < 0.002
    assert 0.6 < floor["resting"] <= 1 and floor["unevenness_m"] < 0.01


def test_feet_that_never_rest_find_no_floor() -> None:
    time = np.arange(60)[None, :, None] / 30
    riding = time * [2.0, 0, 0] + [0, 0, 0.3]
    assert floor_of(result(riding, riding + 0.1)) is None


def test_one_frame_finds_no_floor() -> None:
    feet = np.zeros((4, 1, 3))
    assert floor_of(result(feet, feet)) is None


def test_standing_at_two_heights_shows_as_unevenness() -> None:
    step = np.where(np.arange(100) < 50, 0.0, 0.3)
    feet = np.stack([np.zeros((2, 100)), np.zeros((2, 100)), step + np.zeros((2, 100))], -1)
    floor = floor_of(result(feet, feet + np.array([0, 0.2, 0])))
    assert floor is not None and abs(floor["unevenness_m"] - 0.3) < 0.01
