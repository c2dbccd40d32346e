"""The measures of a prior as tables, for a terminal and for a model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Table:
    """Rows of text under a heading.

    Attributes:
        title: the heading.
        columns: their names.
        rows: as many texts each.
        note: how to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def tables(content: Mapping[str, Any]) -> Iterator[Table]:
    """What `evaluate_prior` measured."""
    yield _denoising(content["denoising"])
    yield _robustness(content["denoising"])
    yield _distances(content)
    yield _bodies(content["bodies"])
    yield _memorisation(content["memorisation"])


def markdown(content: Mapping[str, Any]) -> str:
    """The tables for a model card."""
    frames = content["frames"]
    clip = "single frames" if frames == 1 else f"clips of {frames} frames"
    parts = [
        f"Measured on {clip}; {content['sampled_frames']:,} frames sampled with "
        f"`{content['sampler']}`, seed {content['seed']}."
    ]
    for table in tables(content):
        lines = [_line(table.columns), _line(["---"] * len(table.columns))]
        lines += [_line(row) for row in table.rows]
        parts += [f"### {table.title}", "\n".join(lines)]
        if table.note:
            parts.append(table.note)
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _denoising(content: Mapping[str, Any]) -> Table:
    rows = [
        ("the noise itself", *_mm(content["noise_mm"])),
        ("training subjects", *_mm(content["train_mm"])),
        ("held-out subjects", *_mm(content["held_out_mm"])),
        ("held-out / training", *_ratio(content["ratio"])),
    ]
    rows += [
        (f"{name}, {label}", *_mm(error))
        for split, label in (("train", "training"), ("held_out", "held out"))
        for name, error in content["by_set"][split].items()
        if len(content["by_set"]["held_out"]) > 1
    ]
    rows += [
        (f"{name}, held out ({100 * entry['share']:.0f} %)", *_mm(entry["rms_mm"]))
        for name, entry in content["by_stance"]["held_out"].items()
    ]
    return Table(
        title="Denoising error",
        columns=("σ", *(f"{sigma:g}" for sigma in content["sigma"])),
        rows=tuple(rows),
        note="Root mean square of a coordinate, mm; σ in units of the prior's scale.",
    )


def _robustness(content: Mapping[str, Any]) -> Table:
    rows = [(name, *_ratio(content["changed_ratio"][name])) for name in content["changed_ratio"]]
    return Table(
        title="Denoising error of tilted and of larger or smaller people",
        columns=("held out", *(f"{sigma:g}" for sigma in content["sigma"])),
        rows=tuple(rows),
        note="Divided by the error on held-out subjects as they were recorded.",
    )


def _distances(content: Mapping[str, Any]) -> Table:
    pairs = {
        "samples_train": "samples to training subjects",
        "samples_held_out": "samples to held-out subjects",
        "held_out_train": "held-out to training subjects",
        "train_again_train": "training subjects, two draws",
    }
    measured = content["frechet"]
    columns = {"pose_mm": "pose, mm", "velocity_mm_s": "velocity, mm/s"}
    present = [key for key in columns if key in measured]
    rows = [
        (label, *(f"{measured[key][pair]:.1f}" for key in present)) for pair, label in pairs.items()
    ]
    return Table(
        title="Fréchet distance",
        columns=("between", *(columns[key] for key in present)),
        rows=tuple(rows),
        note="Of Gaussians fitted to joints that face one way, of bodies of one size; a joint's "
        "root mean square.",
    )


def _bodies(content: Mapping[str, Any]) -> Table:
    rows = [("bone against its mirror image, mm", _row(content["bone_asymmetry_mm"]))]
    if "bone_variation_mm" in content:
        feet = content["foot_skating_mm_s"]
        rows += [
            ("bone length over a clip, standard deviation, mm", _row(content["bone_variation_mm"])),
            (
                "sliding in double support, mean, mm/s",
                _row({n: f["mean"] for n, f in feet.items()}),
            ),
            ("the same, median", _row({n: f["median"] for n, f in feet.items()})),
            (
                "share of steps in double support, %",
                _row({n: 100 * f["share"] for n, f in feet.items()}),
            ),
        ]
    return Table(
        title="Bodies",
        columns=("measure", "samples", "held out", "training"),
        rows=tuple((label, *cells) for label, cells in rows),
    )


def _memorisation(content: Mapping[str, Any]) -> Table:
    chosen = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95)
    labels = {
        "samples": "samples",
        "held_out": "held-out subjects",
        "train": "training, in other recordings",
    }
    rows = []
    for kind, entry in content.items():
        indices = [entry["quantiles"].index(quantile) for quantile in chosen]
        rows += [
            (f"{kind}: {labels[name]}", *(f"{values[index]:.1f}" for index in indices))
            for name, values in entry["nearest_mm"].items()
        ]
    notes = [
        f"A sampled {kind.removesuffix('s')} is nearer than a held-out one with probability "
        f"{entry['nearer_than_held_out']:.2f}."
        for kind, entry in content.items()
    ]
    return Table(
        title="Distance to the nearest in training",
        columns=("quantile", *(f"{100 * quantile:g} %" for quantile in chosen)),
        rows=tuple(rows),
        note="A joint's root mean square, mm, facing one way, of bodies of one size. "
        + " ".join(notes),
    )


def _mm(values: Sequence[float]) -> list[str]:
    return [f"{value:.1f}" for value in values]


def _ratio(values: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in values]


def _row(values: Mapping[str, float]) -> list[str]:
    return [f"{values[name]:.1f}" for name in ("samples", "held_out", "train")]
