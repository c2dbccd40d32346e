"""`--set` lays single values over a configuration."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest

from platypose.api import Config, Energy, UserError, field
from platypose.config import Chosen, merge_overrides, structure

CONTENT: dict[str, Any] = {
    "train": {"steps": 10, "rate": 0.1},
    "denoiser": {"name": "mdm", "layers": 2},
    "schedule": "cosine",
    "energies": ["heatmap", {"name": "spring", "scale": 2.0}, "spring:stiffness=3"],
    "sizes": [[1, 2], [3, 4]],
    "seed": 0,
}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("seed=3", ["seed"], 3),
        ("train.steps=50000", ["train", "steps"], 50000),
        ("train.rate=1e-4", ["train", "rate"], 1e-4),
        ("train.new=true", ["train", "new"], True),
        ("denoiser.layers=8", ["denoiser", "layers"], 8),
        ("denoiser=other", ["denoiser"], "other"),
        ("denoiser={name: other, width: 3}", ["denoiser"], {"name": "other", "width": 3}),
        ("energies=[heatmap]", ["energies"], ["heatmap"]),
        ("energies.0=spring", ["energies", 0], "spring"),
        ("energies.1.scale=30", ["energies", 1, "scale"], 30),
        ("sizes.1.0=7", ["sizes", 1, 0], 7),
        ("out.folder.name=a", ["out", "folder", "name"], "a"),
        (" seed = 3", ["seed"], 3),
        ("note=a=b", ["note"], "a=b"),
        ("note=", ["note"], None),
        ("energies.0=bone-length:scale=0.1", ["energies", 0], "bone-length:scale=0.1"),
    ],
)
def test_one_value_is_replaced_and_nothing_else(text: str, path: list[Any], value: Any) -> None:
    before = copy.deepcopy(CONTENT)
    result = merge_overrides(CONTENT, [text])
    assert before == CONTENT
    expected: Any = copy.deepcopy(CONTENT)
    place = expected
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    place[path[-1]] = value
    assert result == expected


@pytest.mark.parametrize(
    ("text", "path", "component"),
    [
        ("schedule.steps=20", ["schedule"], {"name": "cosine", "steps": 20}),
        ("energies.0.scale=3", ["energies", 0], {"name": "heatmap", "scale": 3}),
        (
            "energies.2.scale=3",
            ["energies", 2],
            {"name": "spring", "stiffness": 3, "scale": 3},
        ),
    ],
)
def test_a_component_written_as_a_name_takes_options(
    text: str, path: list[Any], component: dict[str, Any]
) -> None:
    place: Any = merge_overrides(CONTENT, [text])
    for key in path:
        place = place[key]
    assert place == component


def test_later_texts_lie_over_earlier_ones() -> None:
    result = merge_overrides({}, ["a.b=1", "a.c=2", "a.b=3", "d=4", "d=5"])
    assert result == {"a": {"b": 3, "c": 2}, "d": 5}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed", "--set seed must have the form field.subfield=value."),
        ("=3", "--set =3 must have the form field.subfield=value."),
        ("train..steps=3", "must have the form field.subfield=value."),
        ("train.=3", "must have the form field.subfield=value."),
        ("seed.x=3", "--set seed.x=3: seed is 0, which has no fields."),
        ("train.steps.x.y=3", "steps is 10, which has no fields."),
        ("energies.x=3", "--set energies.x=3: 'x' is no index of a list of 3."),
        ("energies.3=a", "'3' is no index of a list of 3."),
        ("energies.-1=a", "'-1' is no index of a list of 3."),
        ("energies.9.scale=1", "'9' is no index of a list of 3."),
        ("sizes.0.0.x=1", "0 is 1, which has no fields."),
        ("seed=[1", "--set seed=[1, line 1, column 3 is not valid YAML"),
        ("seed=!!python/name:os.system", "could not determine a constructor"),
    ],
)
def test_a_wrong_text_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        merge_overrides(CONTENT, [text])
    assert problem in str(caught.value)
    assert text in str(caught.value)


@attrs.frozen(kw_only=True)
class Run(Config):
    energies: tuple[Chosen[Energy], ...] = field((), doc="What guides.")
    seed: int = field(0, doc="Of all.")


def test_what_is_set_is_checked_like_the_file() -> None:
    content = {"energies": ["plain", "spring:stiffness=5"]}
    run = structure(merge_overrides(content, ["energies.1.scale=4", "seed=3"]), Run, "run.yaml")
    assert run.energies[1].config.scale == 4.0  # type: ignore[attr-defined]
    assert run.seed == 3
    with pytest.raises(UserError, match=r"run\.yaml: energies\[1\]\.scale is 'big' but"):
        structure(merge_overrides(content, ["energies.1.scale=big"]), Run, "run.yaml")
