"""Results as a table of plain text. Imports neither torch nor numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = (
    ("energy_score", "energy score", 1.0, 1),
    ("ece", "ECE", 1.0, 3),
    ("mpjpe_mean", "mean", 1.0, 1),
    ("mpjpe_posterior_mean", "post. mean", 1.0, 1),
    ("mpjpe_best_sequence", "best", 1.0, 1),
    ("pa_mpjpe_best", "PA best", 1.0, 1),
    ("pck150", "PCK %", 100.0, 1),
    ("root_error", "root", 1.0, 1),
    ("reprojection_px", "px", 1.0, 1),
)
"""Key, heading, factor and decimals of the columns of the table by groups."""
UNITS = {
    "energy_score": "mm",
    "ece": "",
    "ece_mean": "",
    "mpjpe_mean": "mm",
    "mpjpe_posterior_mean": "mm",
    "mpjpe_best_sequence": "mm",
    "mpjpe_best_frame": "mm",
    "pa_mpjpe_best": "mm",
    "pck150": "of joints",
    "auc": "",
    "mpjve": "mm/frame",
    "acceleration_error": "mm/frame²",
    "root_error": "mm",
    "reprojection_px": "px",
    "seconds": "s/frame",
    "denoiser_calls": "",
}
"""Of every figure."""


def table(content: Mapping[str, Any]) -> str:
    """The figures, and by stance, action and data set the most telling of them."""
    left_out = sum(content["left_out"].values())
    config, shards = content["config"], content["shards"]
    seen = [f"noise {config['noise_px']:g} px"] if config.get("noise_px") is not None else []
    seen += [f"occluded: {config['occlude']}"] if config.get("occlude", "none") != "none" else []
    seen += [f"keypoints {config['keypoints']}"] if config.get("keypoints") else []
    if len(shards) < int(shards[0].partition("/")[2]):
        seen.append(f"only the shards {', '.join(shards)} of the work")
    lines = [
        f"{content['experiment']}: {content['clips']} clips, {content['frames']} frames, "
        f"{content['hypotheses']} hypotheses, root {content['root']}"
        + (f"; {left_out} clips left out" if left_out else ""),
        f"prior {content['prior']}, sampler {content['sampler']['name']}, energies "
        + ", ".join(energy["name"] for energy in content["energies"]),
        *([", ".join(seen)] if seen else []),
        "",
    ]
    for name, unit in UNITS.items():
        value, error = content[name], content["standard_error"][name]
        shown = "–" if value is None else f"{value:.4g}"
        spread = "" if error is None else f"± {_rounded(error)}"
        lines.append(f"{name:<22}{shown:>10} {spread:<9} {unit}".rstrip())
    for group in ("stance", "action", "data_set"):
        rows = content[f"by_{group}"]
        if len(rows) > 1:
            lines += ["", *_rows(group.replace("_", " "), rows)]
    return "\n".join(lines)


def _rounded(error: float) -> str:
    """Two digits, but whole numbers in full."""
    return f"{error:.0f}" if error >= 99.5 else f"{error:.2g}"


def _rows(heading: str, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    width = max(len(heading), *(len(name) for name in rows))
    head = f"{heading:<{width}}  clips" + "".join(
        f"{title:>{_width(title)}}" for _, title, _, _ in COLUMNS
    )
    lines = [head]
    for name, row in rows.items():
        line = f"{name:<{width}}  {row['clips']:>5}"
        for key, title, factor, decimals in COLUMNS:
            value = row[key]
            shown = "–" if value is None else f"{factor * value:.{decimals}f}"
            line += f"{shown:>{_width(title)}}"
        lines.append(line)
    return lines


def _width(title: str) -> int:
    return max(len(title), 6) + 2
