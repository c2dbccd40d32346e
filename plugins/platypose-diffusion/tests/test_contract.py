"""The contracts of schedules, samplers and the exact denoiser."""

from __future__ import annotations

from platypose.testing import DenoiserContract, SamplerContract, ScheduleContract


class TestGaussianMixture(DenoiserContract):
    name = "gaussian-mixture"
    options = {"memory": 0.6}


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
    options = {"refit": False}  # the fit is one of all hypotheses together


class TestDPS(SamplerContract):
    name = "dps"


class TestDAPS(SamplerContract):
    name = "daps"
    options = {"calls": 8, "trajectories": 4}


class TestDiffPIR(SamplerContract):
    name = "diffpir"
    # With wholly fresh noise, the default, a third of the prior's spread is lost.
    options = {"fresh": 0.5, "substeps": 5}


class TestTDS(SamplerContract):
    name = "tds"
    weighs = True
