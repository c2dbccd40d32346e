"""The contracts of schedules and samplers."""

from __future__ import annotations

from platypose.testing import SamplerContract, ScheduleContract


class TestCosine(ScheduleContract):
    name = "cosine"


class TestLinear(ScheduleContract):
    name = "linear"


class TestKarras(ScheduleContract):
    name = "karras"


class TestGuidedDDIM(SamplerContract):
    name = "guided-ddim"
    options = {"substeps": 5}


class TestAncestral(SamplerContract):
    name = "ancestral"
    options = {"levels": "ddim12", "substeps": 5}


class TestPosterior(SamplerContract):
    name = "posterior"
