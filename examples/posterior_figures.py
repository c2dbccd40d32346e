"""A picture of how the sampler `posterior` goes from noise to hypotheses.

A held-out person of the excerpt, seen by a camera of its own with errors of 5 px, from that camera
and from its left, after some noise levels; black is the truth. Run it from the repository:

    python examples/posterior_figures.py posterior-levels.png
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from platypose import Evidence, Platypose
from platypose.evidence import Camera
from platypose.lifting import Step
from platypose.motion import MotionSet

DATA = Path(__file__).parent / "data"
LEVELS = (1, 2, 3, 5, 8)
"""Of 8, those that are shown."""
DEVIATION = 5.0
"""Of the keypoints, px."""
FORWARD, RIGHT = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
"""In the world, as the camera sees it."""


def seen(pose: Platypose, joints: NDArray[np.float64], seed: int) -> Evidence:
    """Keypoints of joints, given relative to a root that is 5 m before a level camera."""
    camera = Camera(
        name="level",
        projection="pinhole",
        parameters={"focal": [1150.0, 1150.0], "centre": [500.0, 500.0]},
        rotation=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
        translation=np.zeros(3),
        image_size=(1000, 1000),
    )
    place = 5 * FORWARD
    names = pose.prior.skeleton.joints
    blank = Evidence(
        frame_rate=25.0,
        keypoint_set="h36m-17",
        keypoint_names=names,
        cameras=(camera,),
        keypoints=np.zeros((1, 1, len(names), 2)),
        root=place[None],
    )
    views = pose.energy(blank, root="known").views
    assert views is not None
    exact = views(torch.from_numpy(joints + place).to(pose.dtype)[None, None])[0].double().numpy()
    error = np.random.default_rng(seed).standard_normal(exact.shape)
    return attrs.evolve(blank, keypoints=exact + DEVIATION * error)


def draw(steps: Sequence[Step], truth: NDArray[np.float64], pose: Platypose, path: Path) -> None:
    """Poses relative to their roots: from the camera above, and from its left below."""
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    bones = np.array(pose.prior.skeleton.bones)
    figure = Figure(figsize=(2 * len(steps), 5.4), layout="constrained")
    panels = figure.subplots(2, len(steps), squeeze=False, sharex=True, sharey=True)
    for column, step in enumerate(steps):
        joints = step.sample[:, 0].double().numpy()
        for panel, axis, name in zip(panels[:, column], (RIGHT, FORWARD), ("across", "depth")):
            for poses, colour, alpha in ((joints, "teal", 0.15), (truth[None], "black", 1.0)):
                plane = np.stack([poses @ axis, poses[..., 2]], -1)
                lines = list(plane[:, bones].reshape(-1, 2, 2))
                panel.add_collection(LineCollection(lines, colors=colour, alpha=alpha))
            spread = (joints @ axis)[:, 1:].std(0, ddof=1).mean()
            panel.set_title(f"{name} ± {1000 * spread:.0f} mm", fontsize=9)
            panel.set(aspect="equal", xlim=(-0.75, 0.75), ylim=(-1.1, 0.85), xticks=[], yticks=[])
        sigma = step.sigma * pose.prior.header.scale
        label = f"level {step.index} of {step.total}\nσ = {sigma:.2g} m"
        panels[1, column].set_xlabel(label, fontsize=9)
    panels[0, 0].set_ylabel("from the camera", fontsize=9)
    panels[1, 0].set_ylabel("from its left", fontsize=9)
    figure.savefig(path, dpi=75)


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--frame", type=int, default=0, help="of the excerpt")
    parser.add_argument("--root", choices=["known", "unknown"], default="known")
    parser.add_argument("--hypotheses", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pose = Platypose.from_pretrained("pose-17", device="cpu")
    people = MotionSet.read(DATA / "held-out-excerpt.safetensors").positions.astype(np.float64)
    truth = people[options.frame] - people[options.frame, :1]
    energy = pose.energy(
        seen(pose, truth, options.seed),
        f"reprojection:likelihood=gaussian,weighting=none,sigma={DEVIATION}",
        root=options.root,
    )
    steps = pose.sample(options.hypotheses, energy=energy, sampler="posterior", seed=options.seed)
    draw([step for step in steps if step.index in LEVELS], truth, pose, options.out)


if __name__ == "__main__":
    main()
