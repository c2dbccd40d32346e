"""The joints of the skeleton, and the keypoint sets of detectors."""

from __future__ import annotations

import math

from platypose.skeleton import H36M_17, KEYPOINT_SETS


def joints() -> str:
    """A table of the joints in their order, each with its parent and the bone between."""
    lines = ["| index | joint | parent | bone, mm |", "| --- | --- | --- | --- |"]
    for child, (name, parent) in enumerate(zip(H36M_17.joints, H36M_17.parents)):
        bone = math.dist(H36M_17.standing[child], H36M_17.standing[parent])
        end = (
            f"`{H36M_17.joints[parent]}` | {1000 * bone:.0f}" if parent >= 0 else "none: the root |"
        )
        lines.append(f"| {child} | `{name}` | {end} |")
    return "\n".join(lines)


def keypoint_sets() -> str:
    """For each set a list of its keypoints, with those in bold that the skeleton can express."""
    lines = []
    for entry in KEYPOINT_SETS.values():
        known = entry.expressible(H36M_17)
        names = ", ".join(f"**{name}**" if name in known else name for name in entry.keypoints)
        lines += [f"`{entry.name}`", f":   {names}", ""]
    return "\n".join(lines)
