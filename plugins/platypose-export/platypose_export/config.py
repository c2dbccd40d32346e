"""Options of the writers."""

from __future__ import annotations

from typing import Literal

import attrs

from platypose.api import Config, field

Up = Literal["y", "z"]


@attrs.frozen(kw_only=True)
class TableConfig(Config):
    """Options of the writers of tables, which hold every hypothesis."""

    origin: Literal["world", "root"] = field(
        "world",
        doc="What joints are relative to: world, or root, the hip of their hypothesis and frame.",
    )


@attrs.frozen(kw_only=True)
class MotionConfig(Config):
    """Options of the writers of motions."""

    which: Literal["mean", "best", "all"] = field(
        "mean",
        doc="The motion: mean of the hypotheses, best, the hypothesis of the lowest energy over "
        "all frames, or all hypotheses.",
    )
    hypothesis: int | None = field(
        None,
        doc="One hypothesis by its number from 0, in place of which.",
        check=lambda value: value is None or value >= 0,
        needs="a whole number of at least 0",
    )


@attrs.frozen(kw_only=True)
class TrcConfig(MotionConfig):
    """Options of the writer `trc`."""

    up: Up = field("y", doc="The axis that points up: y, as in OpenSim, or z, as in the world.")


@attrs.frozen(kw_only=True)
class C3dConfig(MotionConfig):
    """Options of the writer `c3d`."""

    up: Up = field("z", doc="The axis that points up: z, as in laboratories and Mokka, or y.")


@attrs.frozen(kw_only=True)
class BvhConfig(MotionConfig):
    """Options of the writer `bvh`."""

    up: Up = field("y", doc="The axis that points up: y, which importers expect, or z.")
    unit: Literal["m", "cm"] = field(
        "m", doc="Of lengths: m, which Blender takes as they are, or cm, as many libraries have."
    )


@attrs.frozen(kw_only=True)
class GltfConfig(MotionConfig):
    """Options of the writer `gltf`; glTF fixes metres and y up."""
