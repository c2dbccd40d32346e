"""What a configuration class is made of."""

from __future__ import annotations

import math

import attrs
import pytest

from platypose.api import Config, EnergyConfig, field


@attrs.frozen(kw_only=True)
class Ball(Config):
    radius: float = field(1.0, doc="Metres.", check=lambda r: r > 0, needs="a number above 0")
    name: str = field(..., doc="Whose it is.")


def test_a_field_carries_its_doc() -> None:
    assert attrs.fields_dict(Ball)["radius"].metadata["doc"] == "Metres."


def test_a_field_without_default_is_required() -> None:
    with pytest.raises(TypeError, match="name"):
        Ball()


def test_a_value_that_fails_the_check_is_named_with_what_it_needs() -> None:
    with pytest.raises(ValueError, match=r"^is -1\.0 but needs a number above 0$"):
        Ball(name="a", radius=-1.0)


def test_a_configuration_is_frozen_and_keyword_only() -> None:
    ball = Ball(name="a")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ball.name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Ball(1.0, "a")  # type: ignore[call-arg]


def test_configurations_are_equal_by_value() -> None:
    assert Ball(name="a") == Ball(name="a", radius=1.0) != Ball(name="a", radius=2.0)


@pytest.mark.parametrize("scale", [-1.0, math.inf, math.nan])
def test_the_scale_of_an_energy_is_finite_and_not_negative(scale: float) -> None:
    with pytest.raises(ValueError, match="needs a finite number of at least 0"):
        EnergyConfig(scale=scale)
