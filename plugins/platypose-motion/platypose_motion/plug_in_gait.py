"""The 17 joints of Human3.6M from the 39 surface markers of Plug-in-Gait.

The markers lie on the skin; where the joint lies below them follows published regressions:

- hip: in the frame of the four iliac markers, from the length of the leg. Hara et al., Predicting
  the location of the hip joint centres, Scientific Reports 6:37707, 2016. It does without the width
  and the depth of the pelvis, which soft tissue falsifies in large people.
- knee, elbow: the chord function of Plug-in-Gait. The centre lies half a joint width and a marker
  radius from the lateral marker, at a right angle to the line to the joint above. The direction is
  that of the axis about which the limb bends, fixed to the segment by its wand marker. Davis et
  al., A gait analysis data collection and reduction technique, Human Movement Science 10:575-587,
  1991; Plug-in-Gait finds the direction at the elbow by the bending plane.
- ankle: the same, along the axis of the knee (Plug-in-Gait with no tibial torsion).
- shoulder: 17 % of the distance between the acromion markers below them, along the trunk. Rab et
  al., A method for determination of upper extremity kinematics, Gait & Posture 15:113-119, 2002.
- wrist: the middle of the two wrist markers.
- thorax: the middle of C7 and CLAV, the upper end of Plug-in-Gait's thorax.
- spine: on the line from the hips to the middle of T10 and STRN, the lower end of Plug-in-Gait's
  thorax, as far along the way from the hips to the thorax as in `H36M_17.standing`.
- neck, head: in the frame of the four head markers, which lie like a headband: 8 cm below and 3 cm
  above their middle. So they stand over the thorax as in `H36M_17.standing`, and both turn with the
  head.

Joint widths of adults are assumed: 10 cm at the knee, 7 cm at the ankle and at the elbow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]
Markers = Mapping[str, Array]
"""(F, 3) of each marker, in metres, by its name in Plug-in-Gait."""

HEAD = ("LFHD", "RFHD", "LBHD", "RBHD")
TRUNK = ("C7", "T10", "CLAV", "STRN", "RBAK")
PELVIS = ("LASI", "RASI", "LPSI", "RPSI")
LIMBS = tuple(
    side + marker
    for side in "LR"
    for marker in ("SHO", "UPA", "ELB", "WRA", "WRB", "THI", "KNE", "ANK")
)
NEEDED = HEAD + TRUNK + PELVIS + LIMBS

MARKER_RADIUS = 0.007
KNEE_WIDTH = 0.10
ANKLE_WIDTH = 0.07
ELBOW_WIDTH = 0.07
SHOULDER_DROP = 0.17
SPINE_FRACTION = H36M_17.standing[7][2] / H36M_17.standing[8][2]
HEADBAND_TO_HEAD = 0.03
HEADBAND_TO_NECK = 0.08

_BENT = 0.4
"""Sine of the least bend, 24 degrees, that tells the axis of a joint."""
_ITERATIONS = 12


@attrs.frozen(kw_only=True)
class Body:
    """What the regressions need to know of a person, in metres.

    Attributes:
        leg: from the anterior iliac spine to the ankle.
        acromia: between the acromion markers with the arms down.
        spine: share of the way from the hips to the middle of T10 and STRN at which the spine lies.
    """

    leg: float
    acromia: float
    spine: float


@attrs.frozen(kw_only=True)
class Axes:
    """Directions of the bending axes: radians about the segment, 0 pointing away from the wand.

    Attributes:
        knees: left, right.
        elbows: left, right.
    """

    knees: tuple[float, float]
    elbows: tuple[float, float]


def measure(markers: Markers) -> Body:
    """The lengths of a person.

    Arguments:
        markers: frames in which the person stands with the arms down now and then. NaN is ignored.
    """
    leg = np.mean(
        [np.nanpercentile(_apart(markers, f"{s}ASI", f"{s}ANK"), 95) for s in "LR"], dtype=float
    )
    low, high = _trunk(markers)
    hip = np.mean(_hips(markers, float(leg)), axis=0)
    lower = float(np.nanmedian(np.linalg.norm(low - hip, axis=-1)))
    upper = float(np.nanmedian(np.linalg.norm(high - low, axis=-1)))
    return Body(
        leg=float(leg),
        acromia=float(np.nanpercentile(_apart(markers, "LSHO", "RSHO"), 90)),
        spine=SPINE_FRACTION * (lower + upper) / lower,
    )


def bending_axes(markers: Markers, body: Body) -> Axes:
    """The bending axes of a person's knees and elbows.

    Arguments:
        markers: all frames of the person. NaN is ignored. Where a joint is never bent, the axis is
            that of Plug-in-Gait, in the plane of the wand.
        body: of this person.
    """
    hips, shoulders = _hips(markers, body.leg), _shoulders(markers, body)

    def knee(side: str, hip: Array) -> float:
        marker = markers[f"{side}KNE"]

        def ankle(centre: Array) -> Array:
            return _chord(centre, markers[f"{side}ANK"], centre - marker, ANKLE_WIDTH)

        return _bending(hip, marker, markers[f"{side}THI"], KNEE_WIDTH, ankle)

    def elbow(side: str, shoulder: Array) -> float:
        wrist = _wrist(markers, side)
        marker, wand = markers[f"{side}ELB"], markers[f"{side}UPA"]
        return _bending(shoulder, marker, wand, ELBOW_WIDTH, lambda centre: wrist)

    return Axes(
        knees=(knee("L", hips[0]), knee("R", hips[1])),
        elbows=(elbow("L", shoulders[0]), elbow("R", shoulders[1])),
    )


def joints(markers: Markers, body: Body, axes: Axes) -> Array:
    """The joints of the skeleton "h36m-17".

    Arguments:
        markers: the `NEEDED` ones, none of them missing.
        body: of this person, with the markers placed as here.
        axes: of this person.

    Returns:
        (F, 17, 3) metres, in the frame of the markers.
    """
    place: dict[str, Array] = {}
    hips, shoulders = _hips(markers, body.leg), _shoulders(markers, body)
    low, high = _trunk(markers)
    place["hip"] = np.mean(hips, axis=0)
    place["spine"] = place["hip"] + body.spine * (low - place["hip"])
    place["thorax"] = high
    middle, up = _headband(markers)
    place["neck"] = middle - HEADBAND_TO_NECK * up
    place["head"] = middle + HEADBAND_TO_HEAD * up
    for index, (side, s) in enumerate((("left", "L"), ("right", "R"))):
        hip, shoulder = hips[index], shoulders[index]
        knee_marker, ankle_marker = markers[f"{s}KNE"], markers[f"{s}ANK"]
        inward = _inward(hip, knee_marker, markers[f"{s}THI"], axes.knees[index])
        knee = _chord(hip, knee_marker, inward, KNEE_WIDTH)
        place[f"{side}_hip"] = hip
        place[f"{side}_knee"] = knee
        place[f"{side}_foot"] = _chord(knee, ankle_marker, knee - knee_marker, ANKLE_WIDTH)
        elbow_marker = markers[f"{s}ELB"]
        inward = _inward(shoulder, elbow_marker, markers[f"{s}UPA"], axes.elbows[index])
        place[f"{side}_shoulder"] = shoulder
        place[f"{side}_elbow"] = _chord(shoulder, elbow_marker, inward, ELBOW_WIDTH)
        place[f"{side}_wrist"] = _wrist(markers, s)
    return np.stack([place[name] for name in H36M_17.joints], axis=1)


def _apart(markers: Markers, first: str, second: str) -> Array:
    distance: Array = np.linalg.norm(markers[first] - markers[second], axis=-1)
    return distance


def _hips(markers: Markers, leg: float) -> tuple[Array, Array]:
    """The left and the right hip."""
    front = (markers["LASI"] + markers["RASI"]) / 2
    back = (markers["LPSI"] + markers["RPSI"]) / 2
    left = _unit(markers["LASI"] - markers["RASI"])
    forward = _unit(_beside(front - back, left))
    up = np.cross(forward, left)
    # Hara et al., table of the equations in leg length alone, in metres.
    middle = front + (0.011 - 0.063 * leg) * forward - (0.009 + 0.078 * leg) * up
    lateral = (0.008 + 0.086 * leg) * left
    return middle + lateral, middle - lateral


def _trunk(markers: Markers) -> tuple[Array, Array]:
    """The lower and the upper end of Plug-in-Gait's thorax."""
    low = (markers["T10"] + markers["STRN"]) / 2
    return low, (markers["C7"] + markers["CLAV"]) / 2


def _shoulders(markers: Markers, body: Body) -> tuple[Array, Array]:
    low, high = _trunk(markers)
    drop = SHOULDER_DROP * body.acromia * _unit(low - high)
    return markers["LSHO"] + drop, markers["RSHO"] + drop


def _headband(markers: Markers) -> tuple[Array, Array]:
    """The middle of the head markers, and the direction to the top of the head."""
    left, right = markers["LFHD"] + markers["LBHD"], markers["RFHD"] + markers["RBHD"]
    front, back = markers["LFHD"] + markers["RFHD"], markers["LBHD"] + markers["RBHD"]
    return (left + right) / 4, _unit(np.cross(front - back, left - right))


def _wrist(markers: Markers, side: str) -> Array:
    middle: Array = (markers[f"{side}WRA"] + markers[f"{side}WRB"]) / 2
    return middle


def _segment(above: Array, marker: Array, wand: Array) -> tuple[Array, Array]:
    """Unit vectors square to the segment: away from the wand, and a quarter turn further."""
    along = _unit(marker - above)
    away = -_unit(_beside(wand - above, along))
    return away, np.cross(along, away)


def _bending(
    above: Array, marker: Array, wand: Array, width: float, below: Callable[[Array], Array]
) -> float:
    """The angle of the bending axis in the segment, averaged over the frames that tell it.

    The axis is square to the plane of the joint above, the centre and the joint below, and the
    centre follows from the axis: so it is found by iteration.
    """
    away, further = _segment(above, marker, wand)
    angle = 0.0
    for _ in range(_ITERATIONS):
        centre = _chord(above, marker, _inward(above, marker, wand, angle), width)
        axis = np.cross(_unit(centre - above), _unit(below(centre) - centre))
        turn = (axis * away).sum(axis=-1) + 1j * (axis * further).sum(axis=-1)
        # The axis is a line; of its two directions the one away from the lateral wand is inward.
        turn = np.where(turn.real < 0, -turn, turn)
        angle = float(np.angle(np.nansum(turn[np.linalg.norm(axis, axis=-1) > _BENT])))
    return angle


def _inward(above: Array, marker: Array, wand: Array, angle: float) -> Array:
    away, further = _segment(above, marker, wand)
    inward: Array = np.cos(angle) * away + np.sin(angle) * further
    return inward


def _chord(above: Array, marker: Array, inward: Array, width: float) -> Array:
    """The point half a joint's width from its marker that sees marker and joint above at 90°."""
    depth = width / 2 + MARKER_RADIUS
    along = marker - above
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    along = along / length
    inward = _unit(_beside(inward, along))
    cosine = depth / length
    centre: Array = marker + depth * (np.sqrt(1 - cosine**2) * inward - cosine * along)
    return centre


def _beside(vector: Array, direction: Array) -> Array:
    """The part of a vector that is square to a unit direction."""
    part: Array = vector - (vector * direction).sum(axis=-1, keepdims=True) * direction
    return part


def _unit(vector: Array) -> Array:
    unit: Array = vector / np.linalg.norm(vector, axis=-1, keepdims=True)
    return unit
