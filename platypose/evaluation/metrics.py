"""How far hypotheses are from the truth, and how well their spread says so.

Each function takes the hypotheses (H, F, J, 3) and the truth (F, J, 3) of one clip, in metres and
one frame of reference, and gives millimetres. What is aligned at the root is for the caller to
decide; `relative` does it.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

MM = 1000.0
"""Millimetres in a metre."""
PCK_MM = 150.0
"""The threshold of PCK@150."""
AUC_STEP_MM = 5.0
"""Between the thresholds from 0 to `PCK_MM` whose PCK the AUC averages."""
PAIRS = 2**22
"""Distances between hypotheses that are held at once; bounds memory."""


def relative(joints: Float[Tensor, "*N J 3"]) -> Float[Tensor, "*N J 3"]:
    """Joints relative to the root, joint 0."""
    return joints - joints[..., :1, :]


def joint_errors(
    hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]
) -> Float[Tensor, "H F J"]:
    """The distance of every joint from the true one, mm."""
    distance: Tensor = (hypotheses - truth).norm(dim=-1)
    return MM * distance


def best_sequence(errors: Float[Tensor, "H F J"]) -> int:
    """The hypothesis with the least mean error over the whole clip."""
    return int(errors.mean((1, 2)).argmin())


def min_mpjpe_sequence(errors: Float[Tensor, "H F J"]) -> float:
    """The error of the best hypothesis, chosen once for the whole clip: that of the paper, mm.

    Source: Platypose, arXiv 2403.06164, minMPJPE.
    """
    return float(errors.mean((1, 2)).min())


def min_mpjpe_frame(errors: Float[Tensor, "H F J"]) -> float:
    """The error of the best hypothesis, chosen anew in each frame, mm."""
    return float(errors.mean(2).amin(0).mean())


COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Numbers of hypotheses whose best is looked at."""


def best_of(errors: Float[Tensor, "H F J"]) -> dict[int, float]:
    """What `min_mpjpe_sequence` is to be expected of fewer hypotheses, mm, for each of `COUNTS`.

    It is the mean over all subsets of that size: among the errors in rising order, the i-th is the
    least of C(H − i, n − 1) of the C(H, n) subsets of n.
    """
    ordered = errors.mean((1, 2)).double().sort().values
    total = len(ordered)
    rank = torch.arange(1, total + 1, dtype=torch.float64, device=ordered.device)
    expected = {}
    for count in COUNTS:
        if count > total:
            break
        # The share of subsets whose best is the i-th or a later one falls by a factor each time.
        later = ((total - count + 1 - rank) / (total + 1 - rank)).clamp(min=0)
        least = torch.cat([later.new_ones(1), later.cumprod(0)[:-1]]) * (1 - later)
        expected[count] = float(least @ ordered)
    return expected


def posterior_mean_errors(
    hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]
) -> Float[Tensor, "F J"]:
    """The distance of the hypotheses' mean from the truth, mm."""
    distance: Tensor = (hypotheses.mean(0) - truth).norm(dim=-1)
    return MM * distance


def procrustes(
    hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]
) -> Float[Tensor, "H F J 3"]:
    """Each pose moved, turned and scaled to lie nearest to the true one.

    Source: Umeyama, least-squares estimation of transformation parameters, 1991.
    """
    centre = truth.mean(-2, keepdim=True)
    x = hypotheses - hypotheses.mean(-2, keepdim=True)
    y = (truth - centre).expand_as(x)
    u, s, vh = torch.linalg.svd(x.mT @ y)
    flip = torch.linalg.det(u @ vh).sign()
    signs = torch.stack([torch.ones_like(flip), torch.ones_like(flip), flip], -1)
    square = x.square().sum((-2, -1)).clamp(min=torch.finfo(x.dtype).tiny)
    scale = (s * signs).sum(-1) / square
    turned: Tensor = scale[..., None, None] * x @ (u * signs[..., None, :]) @ vh
    return turned + centre


def pck(errors: Float[Tensor, "*N"], threshold: float = PCK_MM) -> float:
    """The share of joints that are at most so far off, 0 to 1."""
    return float((errors <= threshold).float().mean())


def auc(errors: Float[Tensor, "*N"]) -> float:
    """The mean PCK over thresholds from 0 to 150 mm in steps of 5 mm, 0 to 1.

    Source: Mehta et al., Monocular 3D human pose estimation in the wild, 2017.
    """
    count = int(PCK_MM / AUC_STEP_MM) + 1
    return sum(pck(errors, AUC_STEP_MM * i) for i in range(count)) / count


def velocity_errors(
    hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]
) -> Float[Tensor, "H E J"]:
    """The error of each joint's movement from one frame to the next (E = F − 1), mm a frame.

    Source: Pavllo et al., 3D human pose estimation in video, 2019.
    """
    return joint_errors(hypotheses.diff(dim=1), truth.diff(dim=0))


def acceleration_errors(
    hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]
) -> Float[Tensor, "H E J"]:
    """The error of each joint's second difference over frames (E = F − 2), mm a frame².

    Source: Kanazawa et al., Learning 3D human dynamics from video, 2019.
    """
    return joint_errors(hypotheses.diff(n=2, dim=1), truth.diff(n=2, dim=0))


def bone_length_variation(
    hypotheses: Float[Tensor, "H F J 3"], bones: tuple[tuple[int, int], ...]
) -> float:
    """How much a bone's length varies within the clip: its standard deviation over frames, mm.

    The mean over bones and hypotheses; 0 for a clip of one frame.
    """
    parents, children = (list(ends) for ends in zip(*bones))
    lengths = MM * (hypotheses[:, :, children] - hypotheses[:, :, parents]).norm(dim=-1)
    return float(lengths.std(1, correction=0).mean())


def energy_score(
    hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]
) -> Float[Tensor, " F"]:
    """E‖X − x*‖ − ½ E‖X − X′‖ of each frame, X and X′ running over all hypotheses, mm.

    A frame is one vector of 3 J coordinates, so that the score sees how joints vary together. It
    is strictly proper: the expectation is least for the true distribution. The means are over the
    H hypotheses and the H² pairs of them, a hypothesis with itself among them.

    Source: Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007.
    """
    x = MM * hypotheses.flatten(2).transpose(0, 1)  # (F, H, 3 J)
    away: Tensor = (x - MM * truth.flatten(1)[:, None]).norm(dim=-1).mean(1)
    return away - mean_distance(x) / 2


def mean_distance(x: Float[Tensor, "F H D"]) -> Float[Tensor, " F"]:
    """The mean distance of all H² pairs, in pieces of at most `PAIRS` of them."""
    count = x.shape[1]
    rows = max(1, min(count, PAIRS // count))
    frames = max(1, PAIRS // (rows * count))
    total = x.new_zeros(len(x))
    for start in range(0, len(x), frames):
        part = x[start : start + frames]
        for some in torch.split(part, rows, dim=1):
            # By way of a matrix product, distances below a millimetre would be lost in rounding.
            distances = torch.cdist(some, part, compute_mode="donot_use_mm_for_euclid_dist")
            total[start : start + frames] += distances.sum((1, 2))
    return total / count**2
