"""Configuration of the data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class CmuConfig(Config):
    """How the CMU motion capture database is read; there is nothing to choose."""


@attrs.frozen(kw_only=True)
class Hdm05Config(Config):
    """How HDM05 is read; there is nothing to choose."""


@attrs.frozen(kw_only=True)
class ReactIdleConfig(Config):
    """How ReActIdle is read; there is nothing to choose."""


@attrs.frozen(kw_only=True)
class BvhConfig(Config):
    """How BVH files of any skeleton are read."""

    map: Path = field(..., doc="YAML file that says which joints of the files make the pose.")


@attrs.frozen(kw_only=True)
class UiPrmdConfig(Config):
    """How UI-PRMD is read; there is nothing to choose."""


@attrs.frozen(kw_only=True)
class C3dConfig(Config):
    """How C3D files are read."""

    labels: Path | None = field(
        None,
        doc="YAML file that gives each of the 17 joints a marker label, or a list of labels whose "
        "mean it is; none takes Plug-in-Gait's 39 markers.",
    )
    unit: Literal["auto", "m", "cm", "mm", "in"] = field(
        "auto",
        doc="Unit of the positions: auto, m, cm, mm or in; auto takes the file's POINT:UNITS.",
    )
    up: Literal["auto", "x", "y", "z", "-x", "-y", "-z"] = field(
        "auto", doc="The axis that points up; auto takes the one along which trunks point."
    )
    test_subjects: tuple[str, ...] = field((), doc="Subjects that are held out for testing.")


@attrs.frozen(kw_only=True)
class H36mConfig(Config):
    """How VideoPose3D's files of Human3.6M are read."""

    detector: str = field(
        "cpn_ft_h36m_dbb",
        doc="What made the 2D keypoints of an evaluation, as in data_2d_h36m_<detector>.npz; gt "
        "are the projected joints.",
    )


@attrs.frozen(kw_only=True)
class MpiInf3dhpConfig(Config):
    """How MPI-INF-3DHP is read."""

    universal: bool = field(
        False,
        doc="Take the people scaled to one height (univ_annot3), as in published tables, and not "
        "their own size (annot3).",
    )


@attrs.frozen(kw_only=True)
class ThreeDpwConfig(Config):
    """How 3DPW is read; there is nothing to choose."""


@attrs.frozen(kw_only=True)
class AmassConfig(Config):
    """How AMASS is read."""

    model: Path | None = field(
        None, doc="The folder of the body model SMPL+H that holds male/model.npz and the others."
    )
