"""Write the balancing example with a truth, so that lifting it can be evaluated and compared.

The truth is triangulated from the OpenPose keypoints of the three other cameras: the twelve joints
of the limbs, and the middle of the hips as the root. Run it from the repository:

    python examples/balancing_reference.py balancing.safetensors
    platypose compare --experiment balancing --data balancing.safetensors --samplers posterior
"""

from __future__ import annotations

import argparse
from pathlib import Path

import attrs
import numpy as np
from balancing_accuracy import DATA, triangulate

from platypose import Evidence, Platypose
from platypose.skeleton import H36M_17

OTHERS = [0, 1, 3]
"""The cameras that the evidence is not of."""


def reference() -> Evidence:
    """The heatmaps of camera 3 with joints_3d as the other cameras see them."""
    pose = Platypose.from_pretrained("pose-17")
    four = pose.energy(Evidence.read(DATA / "balancing-4-cameras.safetensors"), "reprojection")
    keypoints = triangulate(four, OTHERS).numpy()
    names = four.observed.evidence.keypoint_names
    joints = np.zeros((len(keypoints), len(H36M_17.joints), 3))
    mask = np.zeros(joints.shape[:2], bool)
    for row, weights in enumerate(four.observed.joints_to_keypoints):
        joint = int(weights.argmax())
        if weights[joint] == 1:  # the keypoint is that joint
            joints[:, joint], mask[:, joint] = keypoints[:, row], True
    hips = [names.index("left_hip"), names.index("right_hip")]
    joints[:, 0], mask[:, 0] = keypoints[:, hips].mean(1), True
    seen = Evidence.read(DATA / "balancing.safetensors")
    return attrs.evolve(seen, joints_3d=joints, joints_3d_mask=mask, root=joints[:, 0])


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="evidence file to write")
    reference().write(parser.parse_args().out)


if __name__ == "__main__":
    main()
