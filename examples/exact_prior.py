"""Write a prior whose posteriors are known: people who bend limbs to the camera or away from it.

Its poses are a mixture of four Gaussians, and its denoiser is in closed form, so that what is wrong
with hypotheses is the sampler's fault. Commands take the file wherever they take a prior:

    python examples/exact_prior.py bending.safetensors
    platypose sample --prior bending.safetensors --out out/bending

`platypose.testing.mixture` has its posteriors for keypoints seen along parallel lines.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from platypose_diffusion.mixture import GaussianMixture

import platypose
from platypose.api import BuildContext, Denoiser, Schedule
from platypose.api.kinds.denoiser import KIND as DENOISER
from platypose.api.kinds.schedule import KIND as SCHEDULE
from platypose.checkpoint.header import Header
from platypose.checkpoint.prior import describe, save_prior
from platypose.config import choose
from platypose.registry import plugins
from platypose.skeleton import H36M_17
from platypose.testing.mixture import Mixture, bending_both_ways

SCALE = 0.32
"""Metres in a unit of the prior."""


def write(path: Path, mixture: Mixture) -> None:
    """A checkpoint of single poses.

    Arguments:
        path: of the file.
        mixture: of the 48 coordinates of a pose without its root, in units of `SCALE`.
    """
    denoiser = choose(Denoiser, f"gaussian-mixture:components={len(mixture.weight)}")
    cpu = torch.device("cpu")
    context = BuildContext(
        skeleton=H36M_17, device=cpu, dtype=torch.float64, generator=torch.Generator(cpu)
    )
    network = plugins().registry(DENOISER).build(denoiser, context)
    assert isinstance(network, GaussianMixture)
    network.load_state_dict(
        {
            "log_weight": mixture.weight.log(),
            "mean": mixture.mean,
            "factor": torch.linalg.cholesky(mixture.covariance),
        }
    )
    header = Header(
        components={
            "denoiser": describe(DENOISER, denoiser),
            "schedule": describe(SCHEDULE, choose(Schedule, "karras")),
        },
        skeleton="h36m-17",
        scale=SCALE,
        frame_rate=25.0,
        frames=1,
        step=0,
        seed=0,
        data=(),
        credit="",
        licence="MIT",
        ema=False,
        measures={},
        versions={"platypose": platypose.__version__, "torch": torch.__version__},
    )
    residual = network.residual(np.geomspace(0.01, 20.0, 24).tolist())
    save_prior(path, network.state_dict(), header, residual=residual)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path, help="of the checkpoint to write")
    write(parser.parse_args().path, bending_both_ways(SCALE))


if __name__ == "__main__":
    main()
