"""How near lifting comes to triangulation on the balancing example, from one camera and from four.

The reference is triangulated from the OpenPose keypoints of four cameras, twelve limb joints;
errors are between joints relative to the middle of the hips. Run it from the repository:

    python examples/balancing_accuracy.py --seeds 0 1 2
"""

from __future__ import annotations

import argparse
from pathlib import Path

import attrs
import torch
from torch import Tensor

from platypose import Evidence, Platypose
from platypose.lifting import Guidance

DATA = Path(__file__).parent / "data"


def only(evidence: Evidence, camera: int) -> Evidence:
    """Keypoint evidence of one camera."""
    assert evidence.keypoints is not None and evidence.confidence is not None
    return attrs.evolve(
        evidence,
        cameras=evidence.cameras[camera : camera + 1],
        keypoints=evidence.keypoints[:, [camera]],
        confidence=evidence.confidence[:, [camera]],
    )


def triangulate(guidance: Guidance, cameras: list[int]) -> Tensor:
    """Keypoints (F, K, 3), world metres, by least squares on the lines of sight.

    Arguments:
        guidance: evidence with keypoints, bound to a prior.
        cameras: indices of the views to use.
    """
    views, observed = guidance.views, guidance.observed
    assert views is not None
    matrix, right = torch.zeros(()), torch.zeros(())
    for v in cameras:
        points = torch.from_numpy(observed.points[:, v])
        weight = torch.from_numpy(observed.weights[:, v])
        a, b = (part.double() for part in views.projections[v].sight_lines(points))
        offset = torch.einsum("fkic,c->fki", a, views.translation[v].double())
        a = a @ views.rotation[v].double()
        matrix = matrix + torch.einsum("fk,fkic,fkid->fkcd", weight, a, a)
        right = right + torch.einsum("fk,fkic,fki->fkc", weight, a, b - offset)
    solution: Tensor = torch.linalg.solve(matrix, right)
    return solution


def errors(guidance: Guidance, joints: Tensor, reference: Tensor) -> dict[str, float]:
    """MPJPE in mm, relative to the middle of the hips, and of that point itself."""
    keypoints = guidance.observed.joints_to_keypoints
    seen = torch.einsum("kj,hfjc->hfkc", torch.from_numpy(keypoints), joints.double())
    names = guidance.observed.evidence.keypoint_names
    hips = [names.index("left_hip"), names.index("right_hip")]
    middle, true_middle = seen[:, :, hips].mean(2, True), reference[:, hips].mean(1, True)
    seen, true = seen - middle, reference - true_middle
    each = (seen - true).norm(dim=-1).mean(-1)
    return {
        "posterior mean": 1000 * float((seen.mean(0) - true).norm(dim=-1).mean()),
        "best": 1000 * float(each.min(0).values.mean()),
        "mean": 1000 * float(each.mean()),
        "root": 1000 * float((middle.mean(0) - true_middle).norm(dim=-1).mean()),
    }


def main() -> None:
    """Print a table: evidence, energy and reference by row, errors by column."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prior", default="pose-17", help="installed prior or checkpoint")
    parser.add_argument("--sampler", default="posterior", help="as platypose lift takes it")
    parser.add_argument("--samples", type=int, default=200, help="hypotheses")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="runs")
    options = parser.parse_args()

    pose = Platypose.from_pretrained(options.prior)
    keypoints = Evidence.read(DATA / "balancing-4-cameras.safetensors")
    four = pose.energy(keypoints, "reprojection")
    third = pose.energy(only(keypoints, 2), "reprojection")
    one = pose.energy(Evidence.read(DATA / "balancing.safetensors"), "heatmap")
    references = {
        "all four": triangulate(four, [0, 1, 2, 3]),
        "1, 2 and 4": triangulate(four, [0, 1, 3]),
    }
    columns = ["posterior mean", f"best of {options.samples}", "mean", "root"]
    print(" | ".join(["evidence", "reference", "seed", *columns, "median px"]))
    rows = {
        "camera 3, heatmap": one,
        "camera 3, reprojection": third,
        "four cameras, reprojection": four,
    }
    for name, guidance in rows.items():
        frames = guidance.observed.evidence.num_frames
        for seed in options.seeds:
            *_, last = pose.sample(
                options.samples, frames, energy=guidance, sampler=options.sampler, seed=seed
            )
            assert guidance.views is not None
            observed = torch.from_numpy(guidance.observed.points)
            pixels = (guidance.views(last.joints) - observed).norm(dim=-1).median()
            for cameras, reference in references.items():
                row = errors(guidance, last.joints, reference).values()
                figures = " | ".join(f"{value:.0f}" for value in row)
                print(f"{name} | {cameras} | {seed} | {figures} | {float(pixels):.1f}", flush=True)


if __name__ == "__main__":
    main()
