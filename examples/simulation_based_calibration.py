"""Whether hypotheses are as sure as they should be, on people drawn from the prior itself.

A pose is drawn from the prior, its keypoints from the likelihood, hypotheses from the sampler. If
these follow the posterior, the rank of the truth among them is uniform, whatever is asked of a
pose. Asked is where a joint lies relative to the root: its depth along the line of sight of its
keypoint, and both directions across.

    python examples/simulation_based_calibration.py --prior pose-17 --draws 200 --hypotheses 99 \\
        --out out/calibration

Source: Talts et al., Validating Bayesian inference algorithms with simulation-based calibration,
arXiv 1804.06788.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from platypose import Evidence, Platypose
from platypose.evidence.presets import h36m_cameras
from platypose.lifting import Guidance
from platypose.lifting.guidance import RootMode

AXES = ("depth", "across", "upright")
"""Along the line of sight, to the right, and at right angles to both."""
DISTANCE = (3.0, 8.0)
"""Of people from the camera, metres."""
ASIDE = 0.15
"""Tangent of the angle by which they are off its axis, at most, to either side and up or down."""


@attrs.frozen(kw_only=True, eq=False)
class Ranks:
    """Of the truth among hypotheses.

    Attributes:
        joints: names, without the root.
        hypotheses: H.
        ranks: of each draw, joint and axis, from 0 to H.
    """

    joints: tuple[str, ...]
    hypotheses: int
    ranks: Int[Tensor, "N J 3"]

    def histogram(self, bins: int) -> Int[Tensor, "J 3 B"]:
        """How many ranks are in each of so many equal parts."""
        part = self.ranks * bins // (self.hypotheses + 1)
        return torch.nn.functional.one_hot(part, bins).sum(0)

    def uniformity(self, bins: int) -> tuple[Float[Tensor, "J 3"], Float[Tensor, "J 3"]]:
        """χ² of each histogram against a flat one, and the probability of more by chance."""
        count = self.histogram(bins).double()
        expected = count.sum(-1, keepdim=True) / bins
        statistic = ((count - expected).square() / expected).sum(-1)
        half = torch.full_like(statistic, (bins - 1) / 2)
        return statistic, torch.special.gammaincc(half, statistic / 2)

    def spread(self) -> tuple[Float[Tensor, " 3"], Float[Tensor, " 3"]]:
        """The ranks' variance in units of a uniform one's, and its standard error.

        Above 1 the histogram is a U, and hypotheses are too sure; below 1 it is a hump, and they
        are too unsure. The mean is over joints; draws are independent.
        """
        size = self.hypotheses + 1
        off = (self.ranks.double() + 0.5) / size - 0.5
        each = (off.square() * 12 / (1 - 1 / size**2)).mean(1)
        return each.mean(0), each.std(0) / math.sqrt(len(each))

    def lean(self) -> tuple[Float[Tensor, " 3"], Float[Tensor, " 3"]]:
        """The mean rank from −½ to ½, and its standard error; above 0 hypotheses fall short."""
        off = (self.ranks.double() + 0.5) / (self.hypotheses + 1) - 0.5
        each = off.mean(1)
        return each.mean(0), each.std(0) / math.sqrt(len(each))


def calibrate(
    pose: Platypose,
    *,
    draws: int,
    hypotheses: int,
    root: RootMode,
    sampler: str = "posterior",
    prior_sampler: str = "ancestral",
    sigma: float = 5.0,
    seed: int = 0,
) -> Ranks:
    """Rank truths among hypotheses.

    Arguments:
        pose: a prior; its single frames are asked for.
        draws: people.
        hypotheses: H, for each of them.
        root: whether the sampler is told where the root is.
        sampler: of the hypotheses.
        prior_sampler: of the people, without evidence; it should have many levels.
        sigma: standard deviation of the keypoints, px.
        seed: of everything.
    """
    *_, last = pose.sample(draws, 1, sampler=prior_sampler, seed=seed)
    energy = f"reprojection:likelihood=gaussian,weighting=none,sigma={sigma}"
    ranks = []
    for number, (joints, evidence) in enumerate(scenes(pose, last.sample[:, 0], sigma, seed)):
        guidance = pose.energy(evidence, energy, root=root)
        *_, found = pose.sample(
            hypotheses, 1, energy=guidance, sampler=sampler, seed=seed + 1 + number
        )
        axes = sight_axes(guidance)
        true, sampled = along(axes, joints[None]), along(axes, found.sample[:, 0])
        ranks.append((sampled < true).sum(0))
    names = pose.prior.skeleton.joints[1:]
    return Ranks(joints=names, hypotheses=hypotheses, ranks=torch.stack(ranks))


def scenes(
    pose: Platypose, people: Float[Tensor, "N J 3"], sigma: float, seed: int
) -> Iterator[tuple[Float[Tensor, "J 3"], Evidence]]:
    """Joints in the world, and what one of the cameras of Human3.6M saw of them.

    The root is anywhere alike in the volume before the middle of the image, as a broad prior of it
    has it: were the distance known better than that, so would be the size of the body.

    Arguments:
        pose: knows the skeleton.
        people: joints relative to the root, metres.
        sigma: of the keypoints' Gaussian error, px.
        seed: of cameras, places and errors.
    """
    random, cameras = np.random.default_rng(seed), h36m_cameras()
    near, far = DISTANCE
    for person in people:
        camera = cameras[random.integers(len(cameras))]
        depth = random.uniform(near**3, far**3) ** (1 / 3)
        seen = depth * np.array([*random.uniform(-ASIDE, ASIDE, 2), 1.0])
        place = camera.rotation.T @ (seen - camera.translation)
        joints = person + torch.from_numpy(place).to(person)
        blank = Evidence(
            frame_rate=25.0,
            keypoint_set="h36m-17",
            keypoint_names=pose.prior.skeleton.joints,
            cameras=(camera,),
            keypoints=np.zeros((1, 1, len(joints), 2)),
            root=place[None],
        )
        views = pose.energy(blank, root="known").views
        assert views is not None
        exact = views(joints[None, None])[0].double().cpu().numpy()
        yield (
            joints,
            attrs.evolve(blank, keypoints=exact + sigma * random.standard_normal(exact.shape)),
        )


def sight_axes(guidance: Guidance) -> Float[Tensor, "J 3 3"]:
    """The three `AXES` in the world, as rows, for the line of sight of each keypoint."""
    views = guidance.views
    assert views is not None
    a, _ = views.projections[0].sight_lines(torch.from_numpy(guidance.observed.points[0, 0]))
    turn = views.rotation.reshape(-1, 3, 3)[0].double().cpu()
    ray = torch.linalg.cross(a[:, 0].double(), a[:, 1].double())
    ray = torch.nn.functional.normalize(ray * ray[:, 2:].sign(), dim=-1)
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64).expand_as(ray)
    right = torch.nn.functional.normalize(torch.linalg.cross(down, ray), dim=-1)
    return torch.stack([ray, right, torch.linalg.cross(right, ray)], 1) @ turn


def along(axes: Float[Tensor, "J 3 3"], joints: Float[Tensor, "H J 3"]) -> Float[Tensor, "H B 3"]:
    """Joints but the root, relative to it, in their own axes."""
    relative = (joints - joints[:, :1]).double().cpu()
    return torch.einsum("jac,hjc->hja", axes, relative)[:, 1:]


def picture(path: Path, ranks: dict[str, Ranks], bins: int) -> None:
    """Histograms of the ranks over all joints, a row for each run and a column for each axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.4 * len(ranks)), layout="constrained")
    panels = figure.subplots(len(ranks), len(AXES), squeeze=False, sharey=True)
    for row, (name, found) in zip(panels, ranks.items()):
        counts = found.histogram(bins).sum(0).double()
        spread, error = found.spread()
        for axis, panel in enumerate(row):
            share = counts[axis] / counts[axis].mean()
            panel.bar((np.arange(bins) + 0.5) / bins, share, width=0.95 / bins, color="teal")
            panel.axhline(1, color="black", linewidth=0.8)
            title = f"{AXES[axis]}: {float(spread[axis]):.2f} ± {float(error[axis]):.2f}"
            panel.set_title(title, fontsize=9)
            panel.set_xticks([0, 0.5, 1])
        row[0].set_ylabel(name)
    figure.savefig(path, dpi=120)


def summary(found: Ranks, bins: int) -> dict[str, object]:
    """Plain values, for a file."""
    statistic, chance = found.uniformity(bins)
    (spread, spread_error), (lean, lean_error) = found.spread(), found.lean()
    rows = [
        {
            "joint": joint,
            "axis": axis,
            "histogram": found.histogram(bins)[j, a].tolist(),
            "chi_square": float(statistic[j, a]),
            "p": float(chance[j, a]),
        }
        for j, joint in enumerate(found.joints)
        for a, axis in enumerate(AXES)
    ]
    return {
        "spread": dict(zip(AXES, spread.tolist())),
        "spread_error": dict(zip(AXES, spread_error.tolist())),
        "lean": dict(zip(AXES, lean.tolist())),
        "lean_error": dict(zip(AXES, lean_error.tolist())),
        "share_of_p_below_0.05": dict(zip(AXES, (chance < 0.05).double().mean(0).tolist())),
        "joints": rows,
    }


def main() -> None:
    """Print a table; write `ranks.json` and `ranks.png`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prior", default="pose-17", help="installed prior or checkpoint")
    parser.add_argument("--sampler", default="posterior", help="of the hypotheses")
    parser.add_argument("--prior-sampler", default="ancestral", help="of the people")
    parser.add_argument("--draws", type=int, default=200, help="people")
    parser.add_argument("--hypotheses", type=int, default=99, help="of each of them")
    parser.add_argument("--bins", type=int, default=10, help="of a histogram")
    parser.add_argument("--sigma", type=float, default=5.0, help="of the keypoints, px")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", nargs="+", choices=("known", "unknown"), default=["known"])
    parser.add_argument("--out", type=Path, required=True, help="folder")
    options = parser.parse_args()
    if (options.hypotheses + 1) % options.bins:
        parser.error("--hypotheses plus 1 must be a multiple of --bins")

    pose = Platypose.from_pretrained(options.prior)
    ranks: dict[str, Ranks] = {}
    for root in options.root:
        ranks[f"root {root}"] = calibrate(
            pose,
            draws=options.draws,
            hypotheses=options.hypotheses,
            root=root,
            sampler=options.sampler,
            prior_sampler=options.prior_sampler,
            sigma=options.sigma,
            seed=options.seed,
        )
    options.out.mkdir(parents=True, exist_ok=True)
    settings = {name: str(value) for name, value in vars(options).items() if name != "out"}
    results = {name: summary(found, options.bins) for name, found in ranks.items()}
    content = json.dumps({"settings": settings, "results": results}, indent=1)
    (options.out / "ranks.json").write_text(content + "\n", encoding="utf-8")
    picture(options.out / "ranks.png", ranks, options.bins)
    print("run | axis | spread of ranks | lean of ranks | joints with p < 0.05")
    for name, found in ranks.items():
        (spread, error), (lean, shift) = found.spread(), found.lean()
        few = (found.uniformity(options.bins)[1] < 0.05).sum(0).tolist()
        for a, axis in enumerate(AXES):
            print(
                f"{name} | {axis} | {spread[a]:.2f} ± {error[a]:.2f} | {lean[a]:+.3f} ± "
                f"{shift[a]:.3f} | {few[a]} of {len(found.joints)}"
            )


if __name__ == "__main__":
    main()
