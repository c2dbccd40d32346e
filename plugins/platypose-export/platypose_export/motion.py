"""Which motions of a result are written, and along which axes."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import UserError
from platypose.lifting.result import Result
from platypose_export.config import MotionConfig, Up

Array = NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Motion:
    """One motion.

    Attributes:
        name: mean, best, or the number of a hypothesis.
        joints: (F, J, 3) in the world, metres, z up.
    """

    name: str
    joints: Array


def motions(result: Result, config: MotionConfig) -> tuple[Motion, ...]:
    """The motions that the configuration asks for.

    Raises:
        UserError: there is no such hypothesis, or none is best.
    """
    count = len(result.samples)
    if config.hypothesis is not None:
        if config.hypothesis >= count:
            raise UserError(
                f"There is no hypothesis {config.hypothesis}; the result has {count}, "
                f"numbered from 0 to {count - 1}."
            )
        return (_hypothesis(result, config.hypothesis),)
    if config.which == "all":
        return tuple(_hypothesis(result, h) for h in range(count))
    if config.which == "mean":
        return (Motion(name="mean", joints=result.joints.mean(0, dtype=np.float64)),)
    if not result.energy.any():
        raise UserError(
            "The result has no energies, so that no hypothesis is best; choose mean, all or the "
            "number of a hypothesis."
        )
    best = int(result.energy.sum(1).argmin())
    return (attrs.evolve(_hypothesis(result, best), name="best"),)


def turned(points: Array, up: Up) -> Array:
    """Points (…, 3) of a world whose z axis points up, in one whose axis `up` does.

    With y up, what faced −y faces z, as figures do by custom.
    """
    return points if up == "z" else np.stack([points[..., 0], points[..., 2], -points[..., 1]], -1)


def _hypothesis(result: Result, h: int) -> Motion:
    digits = len(str(len(result.samples) - 1))
    joints = result.samples[h].astype(np.float64) + result.root[h, :, None]
    return Motion(name=f"{h:0{digits}}", joints=joints)
