"""What `platypose lift` prints at its end."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.table import Table


def print_summary(summary: dict[str, Any]) -> None:
    """Print the summary of one person; warnings go to the error stream."""
    error = summary["reprojection_error_px"]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("frames", str(summary["frames"]))
    table.add_row("hypotheses", str(summary["hypotheses"]))
    table.add_row("sampling", f"{summary['seconds']:.1f} s, {summary['denoiser_calls']} calls")
    if error["median"] is not None:
        table.add_row("re-projection", f"median {error['median']} px, 95 % {error['p95']} px")
    if (number := summary["effective_samples"]) is not None:
        table.add_row("effective", f"{number:.0f} hypotheses of equal weight")
    alone = len(summary["cameras"]) == 1
    for name, camera in summary["cameras"].items():
        if alone:
            table.add_row("camera", camera["taken"])
        if camera["found"]:
            table.add_row("" if alone else f"camera {name}", f"found {_camera(camera['found'])}")
    noise = summary["noise"]
    unit, worst = noise["unit"], noise["worst"]
    if noise["ratio"] is None:
        far = ", ".join(f"{name} {point['distance']:.0f}" for name, point in worst.items())
        table.add_row("evidence", f"median {noise['distance']} {unit} away; farthest {far}")
    else:
        far = ", ".join(f"{name} {point['ratio']:.1f}" for name, point in worst.items())
        sizes = f"{noise['found']} {unit} found, {noise['assumed']} assumed"
        table.add_row("noise", f"{sizes}: ratio {noise['ratio']}; highest {far}")
        table.add_row("", f"{100 * noise['beyond_3_sigma']:.1f} % of keypoints beyond 3 sigma")
    spread = summary["spread_mm"]
    widest = sorted(spread, key=lambda joint: -spread[joint])[:3]
    joints = ", ".join(f"{joint} {spread[joint]:.0f}" for joint in widest)
    table.add_row("spread, mm", f"{joints}, relative to the root")
    table.add_row("", f"the root itself {summary['root_spread_mm']:.0f}")
    if floor := summary["floor"]:
        height = f"{floor['height_m']:.2f} ± {floor['deviation_m']:.2f} m"
        table.add_row("floor", f"at z = {height}, where the feet rest")
    Console().print(table, highlight=False)
    if summary["guessed_cameras"] and alone:
        typer.echo(
            "The camera is a guess, and so are size and distance; --camera, or --fov and --tilt, "
            "say more.",
            err=True,
        )
    if noise["warning"]:
        typer.echo(f"Warning: {noise['warning']}", err=True)


def _camera(found: dict[str, list[float] | None]) -> str:
    """As in "focal length 1210 ± 300 px, tilt 12.0 ± 8.1°"."""
    names = {
        "focal_px": ("focal length", 0, " px"),
        "tilt_degrees": ("tilt", 1, "°"),
        "roll_degrees": ("roll", 1, "°"),
    }
    said = []
    for key, (name, digits, unit) in names.items():
        if (values := found[key]) is not None:
            mean, deviation = (f"{value:.{digits}f}" for value in values)
            said.append(f"{name} {mean} ± {deviation}{unit}")
    return ", ".join(said)
