"""What the evidence says of its own noise.

A hypothesis is a draw of what the truth may be. If prior and noise are right, the evidence's errors
about posterior hypotheses are distributed as the assumed noise is (their joint distribution is that
of truth and evidence), and the mean square of the whitened errors is 1. Otherwise σ times its root
is one step of expectation maximisation towards the most likely σ (Dempster, Laird and Rubin, 1977).
Medians stand in for means here, so that a few outliers do not decide.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import Noise, NoisyEnergy
from platypose.lifting.guidance import Guidance
from platypose.lifting.result import Result

Array = NDArray[Any]

HIGH, LOW = 1.5, 0.6
"""Ratios of found to assumed noise beyond which a warning is given."""
FAR = 3.0
"""Whitened errors longer than that are outliers: 1 in 90 of Gaussian errors in two dimensions."""
WORST = 3
"""Keypoints that are named."""


def noise_report(result: Result, guidance: Guidance, energy_scale: float = 1.0) -> dict[str, Any]:
    """How far the evidence is from the hypotheses, and from what its energies assume.

    Arguments:
        result: posterior hypotheses.
        guidance: the energies that they were drawn with.
        energy_scale: factor on all of these energies.

    Returns:
        as in summary.json: `unit`, px, or mm of joints measured in 3D; `distance`, the median;
        `assumed`, `found`, their `ratio` and the share `beyond_3_sigma`, or None where no energy
        states its noise; the `worst` points; and a `warning`, or None.
    """
    error, seen = result.observed - result.projected, result.weights > 0
    names: tuple[str, ...] = result.keypoint_names
    stated = _stated(guidance, energy_scale)
    evidence = guidance.observed.evidence
    if evidence.joints_3d is not None and not seen.any():
        error = 1000 * (evidence.joints_3d - result.joints)[:, :, None]
        names, stated = result.skeleton.joints, None
        seen = np.ones(error.shape[1:-1], bool)
        if evidence.joints_3d_mask is not None:
            seen = evidence.joints_3d_mask[:, None].astype(bool)
    figures = {"distance": np.linalg.norm(error, axis=-1)}
    if stated is not None:
        whitening = stated.whitening.cpu().numpy()
        length = np.linalg.norm(np.einsum("fvkij,hfvkj->hfvki", whitening, error), axis=-1)
        figures["ratio"] = length / stated.median
        outlying = np.median(length, axis=0) > FAR

    def of(where: Array) -> dict[str, float]:
        """The figures over some of the points (F, V, K) that were seen."""
        medians = {name: _rounded(np.median(values[:, where])) for name, values in figures.items()}
        if stated is not None:
            medians["beyond_3_sigma"] = _rounded(outlying[where].mean(), 3)
        return medians

    points = {
        name: of(seen & (np.arange(len(names)) == k))
        for k, name in enumerate(names)
        if seen[..., k].any()
    }
    last = "distance" if stated is None else "ratio"
    report: dict[str, Any] = {"unit": "px" if error.shape[-1] == 2 else "mm"}
    report |= dict.fromkeys(("distance", "ratio", "beyond_3_sigma", "assumed", "found", "warning"))
    report |= of(seen) if points else {}
    if stated is not None and points:
        ratio = float(np.median(figures["ratio"][:, seen]))
        assumed = float(np.median(np.abs(np.linalg.det(whitening[seen])) ** -0.5))
        report |= {"assumed": _rounded(assumed), "found": _rounded(ratio * assumed)}
        report["warning"] = _warning(ratio, assumed, stated.setting)
    worst = sorted(points, key=lambda name: -points[name][last])[:WORST]
    return report | {"worst": {name: points[name] for name in worst}}


def _stated(guidance: Guidance, energy_scale: float) -> Noise | None:
    """That of the first energy which states one; a scale s on it divides σ by √s."""
    for scale, energy in guidance.energies:
        if isinstance(energy, NoisyEnergy) and scale * energy_scale > 0:
            noise = energy.noise()
            return attrs.evolve(noise, whitening=noise.whitening * (scale * energy_scale) ** 0.5)
    return None


def _warning(ratio: float, assumed: float, setting: str) -> str | None:
    if LOW <= ratio <= HIGH:
        return None
    fact = (
        f"The keypoints are {ratio:.2g} times as far from the hypotheses as the assumed noise of "
        f"{assumed:.3g} px has them"
    )
    if ratio > HIGH:
        return (
            f"{fact}: they are noisier than that, or the prior does not know such poses; raise "
            f"{setting} (by that factor, as a first step) or the temperature of the sampler "
            "posterior."
        )
    return (
        f"{fact}: if the sampler is posterior, the noise is overstated, so lower {setting}; "
        "guided-ddim pulls hypotheses onto the keypoints and tells nothing of their noise."
    )


def _rounded(value: Any, digits: int = 2) -> float:
    return round(float(value), digits)
