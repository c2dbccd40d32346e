"""Plain values become a configuration, or all that is wrong with them is said at once."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platypose.api import Config, Energy, UserError, field
from platypose.api.kinds.energy import KIND as ENERGY
from platypose.config import Chosen, choose, read_yaml, structure, unstructure, write_yaml
from platypose.registry import plugins


@attrs.frozen(kw_only=True)
class Inner(Config):
    steps: int = field(10, doc="How many.", check=lambda v: v > 0, needs="a whole number above 0")
    rate: float = field(1e-3, doc="How fast.")


@attrs.frozen(kw_only=True)
class Run(Config):
    energies: tuple[Chosen[Energy], ...] = field((), doc="What guides.")
    main: Chosen[Energy] | None = field(None, doc="What guides most.")
    inner: Inner = field(Inner(), doc="The rest.")
    on: bool = field(True, doc="Whether.")
    name: str = field("a", doc="A word.")
    size: tuple[int, int] = field((1, 2), doc="Width and height.")
    files: tuple[Path, ...] = field((), doc="Files.")
    weights: dict[str, float] = field({}, doc="By name.")
    mode: Literal["fast", "slow"] = field("fast", doc="How.")


@attrs.frozen(kw_only=True)
class Required(Config):
    first: int = field(..., doc="Needed.")
    second: str = field(..., doc="Needed.")


def problems(content: Any, target: type[Any] = Run) -> list[str]:
    """The lines of the error, without the source."""
    with pytest.raises(UserError) as caught:
        structure(content, target, "run.yaml")
    first, *more = str(caught.value).splitlines()
    if not more:
        return [first.removeprefix("run.yaml: ").removesuffix(".")]
    assert first == f"run.yaml has {len(more)} errors:"
    return [line.strip() for line in more]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        # The leniencies of plain cattrs.
        ({"inner": {"steps": 3.7}}, "inner.steps is 3.7 but needs a whole number"),
        ({"inner": {"steps": 3.0}}, "inner.steps is 3.0 but needs a whole number"),
        ({"inner": {"steps": "3"}}, "inner.steps is '3' but needs a whole number"),
        ({"inner": {"steps": True}}, "inner.steps is True but needs a whole number"),
        ({"on": "false"}, "on is 'false' but needs true or false"),
        ({"on": 0}, "on is 0 but needs true or false"),
        ({"inner": {"rate": "1e-4"}}, "inner.rate is '1e-4' but needs a number"),
        ({"inner": {"rate": False}}, "inner.rate is False but needs a number"),
        ({"inner": {"rate": math.nan}}, "inner.rate is NaN but needs a number"),
        ({"name": 5}, "name is 5 but needs a word"),
        ({"name": None}, "name is None but needs a word"),
        # What is there but should not be, and the reverse.
        ({"inner": {"step": 3}}, "inner.step is unknown (did you mean steps?)"),
        ({"inner": {"x": 3}}, "inner.x is unknown (there is steps, rate)"),
        # Shapes.
        ({"size": [1]}, "size has 1 entries but needs 2"),
        ({"size": 5}, "size is 5 but needs a list"),
        ({"files": "a.txt"}, "files is 'a.txt' but needs a list"),
        ({"files": ["a", 3]}, "files[1] is 3 but needs a word"),
        ({"inner": 5}, "inner is 5 but needs a mapping of names to values"),
        ({"inner": None}, "inner is None but needs a mapping of names to values"),
        ({"weights": [1]}, "weights is [1] but needs a mapping of names to values"),
        ({"weights": {"a": "b"}}, "weights.a is 'b' but needs a number"),
        ({"mode": "fats"}, "mode is 'fats' but needs one of fast, slow"),
        # Checks of one field and of several.
        ({"inner": {"steps": 0}}, "inner.steps is 0 but needs a whole number above 0"),
        (
            {"main": {"name": "spring", "scale": 3.0}},
            "main: scale is 3.0 but needs at most the stiffness",
        ),
        # Components.
        (
            {"main": "sprng"},
            "main: There is no energy 'sprng' (did you mean spring?)",
        ),
        ({"main": {"stiffness": 3}}, "main has no 'name', which chooses the energy"),
        ({"main": {"name": 3}}, "main has the name 3 but needs a word"),
        ({"main": 3}, "main must be a name, or a mapping with name and options"),
        (
            {"energies": ["plain", {"name": "spring", "stiffness": -1}]},
            "energies[1].stiffness is -1.0 but needs a number above 0",
        ),
        (
            {"energies": ["plain", {"name": "spring", "axes": ["x", 3]}]},
            "energies[1].axes[1] is 3 but needs a word",
        ),
        (
            {"energies": ["plain", "spring:lengths={a: b}"]},
            "energies[1].lengths.a is 'b' but needs a number",
        ),
        ({"energies": "plain"}, "energies is 'plain' but needs a list"),
        # The whole.
        (5, "is 5 but needs a mapping of names to values"),
        ([], "is [] but needs a mapping of names to values"),
        (None, "is None but needs a mapping of names to values"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_its_path(content: Any, problem: str) -> None:
    assert problems(content) == [problem]


def test_missing_fields_are_named() -> None:
    assert problems({}, Required) == ["first is missing", "second is missing"]


def test_all_errors_come_at_once() -> None:
    content = {
        "inner": {"steps": 3.7, "rate": "fast", "tseps": 4},
        "on": "yes",
        "energies": ["plian", {"name": "spring", "stiffness": 0, "stifness": 1}],
        "mode": "medium",
        "whatever": 1,
    }
    assert sorted(problems(content)) == [
        "energies[0]: There is no energy 'plian' (did you mean plain?)",
        "energies[1].stiffness is 0.0 but needs a number above 0",
        "energies[1].stifness is unknown (did you mean stiffness?)",
        "inner.rate is 'fast' but needs a number",
        "inner.steps is 3.7 but needs a whole number",
        "inner.tseps is unknown (did you mean steps?)",
        "mode is 'medium' but needs one of fast, slow",
        "on is 'yes' but needs true or false",
        "whatever is unknown"
        " (there is energies, main, inner, on, name, size, files, weights, mode)",
    ]


def test_a_whole_number_serves_where_a_number_is_needed() -> None:
    rate = structure({"rate": 3}, Inner, "test").rate
    assert (type(rate), rate) == (float, 3.0)


def test_a_component_can_be_written_in_three_ways() -> None:
    expected = structure({"main": {"name": "spring", "stiffness": 3, "axes": ["z"]}}, Run, "test")
    text = structure({"main": "spring:stiffness=3,axes=[z]"}, Run, "test")
    assert expected == text
    assert structure({"main": "spring"}, Run, "test").main == choose(Energy, "spring")
    assert (
        choose(Energy, "local:spring:stiffness=3").config
        == choose(Energy, "spring:stiffness=3").config
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("spring:stiffness=fast", "energy: stiffness is 'fast' but needs a number."),
        ("spring:stiffness=", "energy: stiffness is None but needs a number."),
        ("spring:stifness=3", "energy: stifness is unknown (did you mean stiffness?)."),
        (
            "spring:stiffness",
            "energy: There is no energy 'spring:stiffness' (there is plain, spring).",
        ),
        ("spring=3", "energy: 'spring=3' must have the form name:option=value,option=value."),
        (":scale=3", "energy: ':scale=3' must have the form name:option=value,option=value."),
        ("spring:name=plain", "energy: 'spring:name=plain' gives the name twice."),
    ],
)
def test_a_wrong_choice_on_the_command_line_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        choose(Energy, text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("text", "axes"),
    [("axes=[a]", ("a",)), ("axes=['a=b', 'c,d']", ("a=b", "c,d")), ("axes=['a:b']", ("a:b",))],
)
def test_quotes_keep_signs_in_an_option(text: str, axes: tuple[str, ...]) -> None:
    chosen = choose(Energy, f"spring:stiffness=3,{text}")
    assert chosen.config == type(chosen.config)(stiffness=3.0, axes=axes)  # type: ignore[call-arg]


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8)
inner = st.builds(Inner, steps=st.integers(min_value=1), rate=st.floats(allow_nan=False))


@st.composite
def chosen(draw: st.DrawFn) -> Chosen[Energy]:
    registry = plugins().registry(ENERGY)
    name = draw(st.sampled_from(["spring", "plain", "local:spring"]))
    options: dict[str, Any] = {"scale": draw(st.floats(0, 1))}
    if "spring" in name:
        options["stiffness"] = draw(st.floats(1, 1e300))
        options["axes"] = draw(st.lists(words, max_size=3))
        options["lengths"] = draw(st.none() | st.dictionaries(words, numbers, max_size=3))
    return Chosen(name, registry.configure(name, options))


runs = st.builds(
    Run,
    energies=st.lists(chosen(), max_size=3).map(tuple),
    main=st.none() | chosen(),
    inner=inner,
    on=st.booleans(),
    name=words,
    size=st.tuples(st.integers(), st.integers()),
    files=st.lists(words.map(Path), max_size=2).map(tuple),
    weights=st.dictionaries(words, numbers, max_size=3),
    mode=st.sampled_from(["fast", "slow"]),
)


@given(runs)
def test_a_configuration_survives_being_written_and_read(run: Run) -> None:
    plain = unstructure(run)
    assert structure(plain, Run, "test") == run
    with tempfile.TemporaryDirectory() as folder:
        write_yaml(plain, Path(folder) / "config.yaml")
        assert structure(read_yaml(Path(folder) / "config.yaml"), Run, "test") == run
