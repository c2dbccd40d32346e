"""The contract of energies."""

from __future__ import annotations

from typing import ClassVar

from platypose.testing import EnergyContract


class TestReprojection(EnergyContract):
    name = "reprojection"


class TestGaussianReprojectionByCovariance(EnergyContract):
    name = "reprojection"
    options: ClassVar = {"likelihood": "gaussian", "weighting": "covariance"}


class TestNormalisedReprojection(EnergyContract):
    name = "normalised-reprojection"


class TestWeightedNormalisedReprojection(EnergyContract):
    name = "normalised-reprojection"
    options: ClassVar = {"weighting": "confidence"}


class TestJoints3D(EnergyContract):
    name = "joints-3d"


class TestBoneLength(EnergyContract):
    name = "bone-length"


class TestGivenBoneLength(EnergyContract):
    name = "bone-length"
    options: ClassVar = {"lengths": {"left_knee": 0.44, "right_knee": 0.44}}


class TestSmoothness(EnergyContract):
    name = "smoothness"
