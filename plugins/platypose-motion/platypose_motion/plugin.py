"""What this distribution adds to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Dataset, Spec, hookimpl
from platypose_motion.config import (
    AmassConfig,
    BvhConfig,
    C3dConfig,
    CmuConfig,
    H36mConfig,
    Hdm05Config,
    MpiInf3dhpConfig,
    ReactIdleConfig,
    ThreeDpwConfig,
    UiPrmdConfig,
)

PLATYPOSE_API = 1


@hookimpl
def platypose_datasets() -> Iterable[Spec[Dataset]]:
    """The motion data sets."""
    yield Spec(
        "cmu",
        CmuConfig,
        "platypose_motion.cmu:build",
        "CMU Graphics Lab Motion Capture Database: ASF/AMC, both BVH conversions, cmu-actions",
    )
    yield Spec(
        "hdm05",
        Hdm05Config,
        "platypose_motion.hdm05:build",
        "HDM05, many kinds of movement, some on the floor: ASF/AMC",
    )
    yield Spec(
        "reactidle",
        ReactIdleConfig,
        "platypose_motion.reactidle:build",
        "ReActIdle, people who stand and idle: BVH",
    )
    yield Spec(
        "bvh",
        BvhConfig,
        "platypose_motion.mapped_bvh:build",
        "BVH files of any skeleton, with a map of their joints",
    )
    yield Spec(
        "ui-prmd",
        UiPrmdConfig,
        "platypose_motion.uiprmd:build",
        "UI-PRMD, rehabilitation exercises, Vicon markers",
    )
    yield Spec(
        "c3d",
        C3dConfig,
        "platypose_motion.c3d:build",
        "C3D files with Plug-in-Gait's markers, or with a map of their labels",
    )
    yield Spec(
        "h36m",
        H36mConfig,
        "platypose_motion.h36m:build",
        "Human3.6M in VideoPose3D's files, with 2D detections",
    )
    yield Spec(
        "3dhp",
        MpiInf3dhpConfig,
        "platypose_motion.mpi_inf_3dhp:build",
        "MPI-INF-3DHP, training and test sequences",
    )
    yield Spec(
        "3dpw",
        ThreeDpwConfig,
        "platypose_motion.three_dpw:build",
        "3DPW, people outdoors before a moving camera",
    )
    yield Spec(
        "amass",
        AmassConfig,
        "platypose_motion.amass:build",
        "AMASS, SMPL+H parameters, with your body model",
    )
