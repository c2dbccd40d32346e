"""YAML is read as users mean it, and runs nothing."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platypose.api import UserError
from platypose.config import load_yaml, read_yaml, write_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("-2.5e+3", -2500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.5", -0.5),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("1_000", 1000),
        ("+7", 7),
        ("0", 0),
        ("-0", 0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_plain_value_is_what_it_looks_like(text: str, value: Any) -> None:
    found = load_yaml(text, "test")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "word",
    [
        *("on", "off", "yes", "no", "y", "1:30", "190:20:30", "2020-01-01", "0123", "0x10", "0b1"),
        *("1e", "e5", "1.2.3", "-a", "pose-17", "bone-length:scale=1e-3"),
    ],
)
def test_a_word_stays_a_word(word: str) -> None:
    """YAML 1.1 makes truth values of the first, and 5400 seconds of 1:30."""
    assert load_yaml(word, "test") == word


def test_nan_is_read_as_nan() -> None:
    """So that `structure` can refuse it by name."""
    assert math.isnan(load_yaml(".nan", "test"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", "line 1, column 1 is not valid YAML: the key 'a' stands twice"),
        ("b: {a: 1, a: 2}", "line 1, column 4 is not valid YAML: the key 'a' stands twice"),
        ("1: a", "the key 1 is no word"),
        ("{[a]: b}", r"the key \['a'\] is no word"),
        ("a: [1", "line 1, column 6 is not valid YAML"),
        ("a: b: c", "line 1, column 5 is not valid YAML"),
        ("a: *b", "undefined alias 'b'"),
        ("a\n---\nb", "another document"),
        ("a: \x00", "is not valid YAML"),
        ("!!int x", "is not valid YAML"),
        ("!!float x", "is not valid YAML"),
        ("!!bool x", "is not valid YAML"),
        ("[" * 2000, "is not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(UserError, match=f"^config.yaml.*{problem}"):
        load_yaml(text, "config.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch {file}']",
        "!!python/object/new:os.system ['touch {file}']",
        "!!python/name:os.system ''",
        "!!python/tuple [1, 2]",
        "!env HOME",
        "!!binary aGVsbG8=",
        "!!timestamp 2020-01-01",
        "!!set {a, b}",
        "a: !!python/object:platypose.api.errors.UserError {}",
        "base: &base {a: 1}\nother: {<<: *base}",
    ],
)
def test_tags_are_refused_and_nothing_is_run(text: str, tmp_path: Path) -> None:
    file = tmp_path / "made-by-yaml"
    with pytest.raises(UserError, match=r"is not valid YAML: could not determine a constructor"):
        load_yaml(text.replace("{file}", str(file)), "test")
    assert not file.exists()


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(words, plain, max_size=4))
def test_what_is_written_is_read_again(content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        write_yaml(content, file)
        assert read_yaml(file) == content


@pytest.mark.parametrize("word", ["1e-4", "1e5", "true", "on", "12", ".5", "null", "1:30", "0x1f"])
def test_a_word_that_looks_like_something_else_is_quoted(word: str, tmp_path: Path) -> None:
    write_yaml({"name": word}, tmp_path / "config.yaml")
    assert read_yaml(tmp_path / "config.yaml") == {"name": word}
    assert f"'{word}'" in (tmp_path / "config.yaml").read_text()


def test_an_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("# nothing yet\n")
    assert read_yaml(tmp_path / "config.yaml") == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"- a\n- b\n", "must hold a mapping of field names to values"),
        (b"just a word", "must hold a mapping of field names to values"),
        (b"\xff\xfe\x00\x81", "is no text file"),
        (None, "cannot be read"),
    ],
)
def test_a_file_of_something_else_is_refused(
    content: bytes | None, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=problem) as caught:
        read_yaml(file)
    assert str(file) in str(caught.value)
