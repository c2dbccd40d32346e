"""What each augmentation is worth: short trainings without one of them, side by side.

    python examples/augmentation_ablation.py --data cmu.safetensors ui-prmd.safetensors \
        reactidle.safetensors --unseen hdm05.safetensors --steps 1500

Every run has the same steps and first weights. Errors are compared with those of the run that has
all augmentations: the geometric mean over noise levels of the ratio of denoising errors. Above 1,
the augmentation that is left out helps.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import attrs
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from platypose.api import Denoiser, Schedule
from platypose.checkpoint.prior import load_prior
from platypose.config import choose
from platypose.motion import MotionSet
from platypose.skeleton import H36M_17
from platypose.training import Augmentation, Optimisation, TrainConfig
from platypose.training.augment import Augmenter
from platypose.training.clips import Clips
from platypose.training.loop import train
from platypose.training.measure import SIGMAS

ALL = Augmentation(
    body_scale=0.08,
    limb_length=0.05,
    tilt_degrees=10.0,
    tilt_anywhere=0.08,
    recombine=0.3,
    joint_degrees=7.0,
)
PARTS = (
    "body_scale",
    "limb_length",
    "tilt_degrees",
    "tilt_anywhere",
    "recombine",
    "joint_degrees",
)
CHANGES: dict[str, Augmentation] = {
    "as recorded": Augmentation(yaw=True, mirror=False, body_scale=0.0, limb_length=0.0),
    "tilted by 20° (deviation)": Augmentation(
        mirror=False, body_scale=0.0, limb_length=0.0, tilt_degrees=20.0
    ),
    "size ± 15 % (deviation)": Augmentation(mirror=False, body_scale=0.15, limb_length=0.0),
    "limbs ± 15 % (deviation)": Augmentation(mirror=False, body_scale=0.0, limb_length=0.15),
}
"""How held-out poses are changed before they are denoised."""
DRAWN = 4096


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sets to train on")
    parser.add_argument("--unseen", type=Path, required=True, help="a set that no run trains on")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()

    without = {"all": ALL, "no augmentation": Augmentation(body_scale=0.0, limb_length=0.0)}
    without |= {f"no {part}": attrs.evolve(ALL, **{part: 0.0}) for part in arguments.only}
    tests = _tests(arguments.data, arguments.unseen)
    errors = {}
    for name, augmentation in without.items():
        print(f"training with {name}", flush=True)
        errors[name] = _errors(_trained(arguments.data, augmentation, arguments.steps), tests)
    table = Table("error against all augmentations", *tests)
    for name, row in errors.items():
        ratios = (_ratio(row[test], errors["all"][test]) for test in tests)
        table.add_row(name, *(f"{ratio:.3f}" for ratio in ratios))
    Console().print(table)


def _tests(data: list[Path], unseen: Path) -> dict[str, Tensor]:
    """Root-relative poses to denoise, metres."""
    device = torch.device("cpu")
    held_out = Clips([MotionSet.read(path) for path in data], "test", device)
    generator = torch.Generator().manual_seed(7)
    tests = {}
    for name, change in CHANGES.items():
        drawn = held_out.draw(DRAWN, 1, generator)
        tests[f"held out, {name}"] = Augmenter(change, H36M_17, generator)(drawn)
    never = Clips([MotionSet.read(unseen)], "train", device)
    tests[f"{unseen.stem}, never seen"] = never.draw(DRAWN, 1, generator)
    return tests


def _trained(data: list[Path], augmentation: Augmentation, steps: int) -> tuple[nn.Module, float]:
    """A denoiser of single poses, and its scale in metres."""
    config = TrainConfig(
        data=tuple(data),
        denoiser=choose(Denoiser, "mlp:width=256,hidden=512"),
        schedule=choose(Schedule, "cosine"),
        train=Optimisation(
            steps=steps,
            batch=256,
            learning_rate=2e-3,
            warm_up=100,
            ema=0.998,
            noise="log-normal",
            noise_median=0.37,
            noise_spread=1.5,
            weighting="edm",
        ),
        augment=augmentation,
        pictures=False,
        residual_frames=0,
        device="cpu",
    )
    with tempfile.TemporaryDirectory() as folder:
        for _ in train(config, Path(folder) / "run"):
            pass
        model = Path(folder) / "run" / "model.safetensors"
        prior = load_prior(model, torch.device("cpu"), torch.float32)
    assert isinstance(prior.denoiser, nn.Module)
    return prior.denoiser, prior.header.scale


def _errors(trained: tuple[nn.Module, float], tests: dict[str, Tensor]) -> dict[str, list[float]]:
    """Root mean square errors at each of `SIGMAS`, in units of the scale."""
    network, scale = trained
    errors: dict[str, list[float]] = {}
    for name, pose in tests.items():
        x0 = pose / scale
        noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0))
        errors[name] = []
        for sigma in SIGMAS:
            with torch.inference_mode():
                clean = network(x0 + sigma * noise, torch.full((len(x0),), sigma))
            errors[name].append(float((clean - x0)[:, :, 1:].square().mean().sqrt()))
    return errors


def _ratio(errors: list[float], others: list[float]) -> float:
    logs = [math.log(error / other) for error, other in zip(errors, others, strict=True)]
    return math.exp(sum(logs) / len(logs))


if __name__ == "__main__":
    main()
