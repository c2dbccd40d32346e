"""Pictures of how the sampler `posterior` goes from noise to hypotheses.

One frame of the balancing example, seen from the camera and from its left, after each of some noise
levels. Run it from the repository:

    python examples/posterior_figures.py posterior-levels.png
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from platypose import Evidence, Platypose
from platypose.lifting import Step

DATA = Path(__file__).parent / "data"
LEVELS = (1, 2, 3, 5, 8)
"""Of 8, those that are shown."""


def levels(frame: int, hypotheses: int, seed: int) -> tuple[list[Step], NDArray[np.float64]]:
    """All steps of a lift of one frame, and R of its camera."""
    evidence = Evidence.read(DATA / "balancing.safetensors").at(np.array([frame]))
    pose = Platypose.from_pretrained("pose-17")
    energy = pose.energy(evidence, "heatmap")
    with torch.no_grad():
        steps = list(pose.sample(hypotheses, energy=energy, sampler="posterior", seed=seed))
    return steps, evidence.cameras[0].rotation


def draw(
    steps: Sequence[Step],
    rotation: NDArray[np.float64],
    bones: Sequence[tuple[int, int]],
    scale: float,
    path: Path,
) -> None:
    """Poses relative to their roots: from the camera above, and from its left below."""
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * len(steps), 5.4), layout="constrained")
    panels = figure.subplots(2, len(steps), squeeze=False, sharex=True, sharey=True)
    forward = np.array([rotation[2, 0], rotation[2, 1], 0.0])
    forward /= np.linalg.norm(forward)
    right = np.array([forward[1], -forward[0], 0.0])
    for column, step in enumerate(steps):
        joints = step.sample[:, 0].double().numpy()
        for row, (axis, name) in enumerate([(right, "across"), (forward, "depth")]):
            panel = panels[row, column]
            plane = np.stack([joints @ axis, joints[..., 2]], -1)
            lines = plane[:, np.array(bones)].reshape(-1, 2, 2)
            panel.add_collection(LineCollection(list(lines), colors="teal", alpha=0.1, linewidths=1))
            spread = plane[:, 1:, 0].std(0, ddof=1).mean()
            panel.set_title(f"{name} ± {1000 * spread:.0f} mm", fontsize=9)
            panel.set(aspect="equal", xlim=(-0.85, 0.85), ylim=(-1.15, 0.9), xticks=[], yticks=[])
        label = f"level {step.index} of {step.total}\nσ = {step.sigma * scale:.2g} m"
        panels[1, column].set_xlabel(label, fontsize=9)
    panels[0, 0].set_ylabel("from the camera", fontsize=9)
    panels[1, 0].set_ylabel("from its left", fontsize=9)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frame", type=int, default=0)
    parser.add_argument("--hypotheses", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    steps, rotation = levels(options.frame, options.hypotheses, options.seed)
    prior = Platypose.from_pretrained("pose-17").prior
    shown = [step for step in steps if step.index in LEVELS]
    draw(shown, rotation, prior.skeleton.bones, prior.header.scale, options.out)


if __name__ == "__main__":
    main()
