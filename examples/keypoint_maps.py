"""How far apart two detectors see the joints that their keypoints are mapped onto.

One person, four cameras, 60 frames: keypoints of OpenPose (BODY_25B) and of BlazePose are
triangulated and compared, joint by joint. A detector's own error is the standard error of its
triangulated joint, by leaving out one camera after another (jackknife). Run it from the
repository:

    python examples/keypoint_maps.py
"""

from __future__ import annotations

from pathlib import Path

import torch
from balancing_accuracy import triangulate
from torch import Tensor

from platypose import Evidence, Platypose
from platypose.lifting import Guidance

DATA = Path(__file__).parent / "data"
FILES = ("balancing-4-cameras.safetensors", "balancing-blazepose-4-cameras.safetensors")


def own_error(guidance: Guidance) -> Tensor:
    """Standard error of the triangulated keypoints, (F, K), metres."""
    count = len(guidance.observed.evidence.cameras)
    cameras = set(range(count))
    parts = torch.stack([triangulate(guidance, sorted(cameras - {v})) for v in cameras])
    spread = (parts - parts.mean(0)).square().sum((0, -1))
    return (spread * (count - 1) / count).sqrt()


def main() -> None:
    """Print a table: joints by row, medians over the frames in mm by column."""
    pose = Platypose.from_pretrained("pose-17")
    seen = [pose.energy(Evidence.read(DATA / file), "reprojection") for file in FILES]
    names = [guidance.observed.evidence.keypoint_names for guidance in seen]
    points = [triangulate(guidance, [0, 1, 2, 3]) for guidance in seen]
    errors = [own_error(guidance) for guidance in seen]
    print("keypoint | difference | own error of OpenPose | own error of BlazePose")
    rows = []
    for name in names[0]:
        first, second = (known.index(name) for known in names)
        difference = (points[0][:, first] - points[1][:, second]).norm(dim=-1)
        row = torch.stack([difference, errors[0][:, first], errors[1][:, second]])
        rows.append(row)
        print(" | ".join([name, *(f"{1000 * float(value):.0f}" for value in row.median(1).values)]))
    every = torch.stack(rows, 1).flatten(1).median(1).values
    print(" | ".join(["all", *(f"{1000 * float(value):.0f}" for value in every)]))


if __name__ == "__main__":
    main()
