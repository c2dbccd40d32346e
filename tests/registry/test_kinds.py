"""For every kind: a component is announced, found, configured and built, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
import torch

from platypose.api import BuildContext, Config, EnergyConfig, Spec, UserError, all_kinds, field
from platypose.config import Chosen
from platypose.registry import Entry, Registry
from platypose.skeleton import H36M_17


def nothing(*arguments: Any, **options: Any) -> Any:
    """Stands for any method."""


class Parts:
    __call__ = parameters = state_dict = load_state_dict = jacobian = sight_lines = nothing
    start = scalars = picture = close = nothing
    respace = trials = recognises = read = write = locate = nothing
    detect = nothing
    credit = licence = keypoint_set = ""
    keypoint_names = ()
    heatmap_size = None
    alpha_bar = beta = sigma = posterior_x0 = posterior_xt = posterior_variance = 0.5
    perspective = True


MEMBERS: dict[str, set[str]] = {
    "calibration": {"recognises", "read"},
    "dataset": {"credit", "licence", "trials", "read"},
    "denoiser": {"__call__", "parameters", "state_dict", "load_state_dict"},
    "detector": {"keypoint_set", "keypoint_names", "heatmap_size", "credit", "detect"},
    "energy": {"__call__"},
    "logger": {"start", "scalars", "picture", "close"},
    "projection": {"__call__", "jacobian", "sight_lines", "perspective"},
    "reader": {"recognises", "read"},
    "report": {"write"},
    "sampler": {"__call__"},
    "schedule": {
        *("alpha_bar", "beta", "sigma", "posterior_x0", "posterior_xt", "posterior_variance"),
        "respace",
    },
    "weights": {"locate"},
    "writer": {"write"},
}
"""Kind to what its components must have."""


def context() -> BuildContext:
    return BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float64,
        generator=torch.Generator(),
    )


def component(members: set[str]) -> type[Any]:
    def __init__(self: Any, config: Config, context: BuildContext) -> None:  # noqa: N807
        pass

    return type("Made", (), {"__init__": __init__} | {m: vars(Parts)[m] for m in members})


def test_every_kind_is_tested_here() -> None:
    assert MEMBERS.keys() == all_kinds().keys()


@pytest.mark.parametrize("name", MEMBERS)
def test_a_component_with_all_members_is_built(name: str) -> None:
    kind = all_kinds()[name]
    registry = Registry(kind)
    made = component(MEMBERS[name])
    registry.register("mine", kind.config, made)
    built = registry.build(Chosen("mine", kind.config()), context())
    assert type(built) is made


@pytest.mark.parametrize(
    ("name", "member"), [(kind, member) for kind in MEMBERS for member in sorted(MEMBERS[kind])]
)
def test_a_component_that_lacks_a_member_is_refused(name: str, member: str) -> None:
    kind = all_kinds()[name]
    registry = Registry(kind)
    registry.register("mine", kind.config, component(MEMBERS[name] - {member}))
    with pytest.raises(UserError, match=rf"a Made, which is no {kind.protocol.__name__}\.$"):
        registry.build(Chosen("mine", kind.config()), context())


@pytest.mark.parametrize("name", MEMBERS)
def test_a_factory_annotated_with_another_protocol_is_refused(name: str) -> None:
    """Some protocols have the same members; the annotation tells them apart."""
    kind = all_kinds()[name]
    (other,) = [
        k for k in all_kinds().values() if k.name == ("energy" if name != "energy" else "sampler")
    ]

    def factory(config: Config, context: BuildContext) -> Any:
        return component(MEMBERS[name])(config, context)

    factory.__annotations__["return"] = other.protocol
    registry = Registry(kind)
    registry.register("mine", kind.config, factory)
    with pytest.raises(UserError, match=f"makes a {other.protocol.__name__}"):
        registry.build(Chosen("mine", kind.config()), context())


@attrs.frozen(kw_only=True)
class Renamed(EnergyConfig):
    """`width` was called `sigma`, and `deviation` before that."""

    width: float = field(1.0, doc="Pixels.")


def migrate(options: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    old = {1: "deviation", 2: "sigma"}[version]
    return {"width" if name == old else name: value for name, value in options.items()}


def energies(*specs: Spec[Any], failed: tuple[str, ...] = ()) -> Registry[Any]:
    registry = Registry(all_kinds()["energy"], failed_plugins=failed)
    for spec in specs:
        registry.entries.append(Entry(spec=spec, distribution="some-package", version="2.0"))
    return registry


def spec(name: str = "mine", **options: Any) -> Spec[Any]:
    return Spec(name, Renamed, "nowhere:build", "", **options)


@pytest.mark.parametrize(("version", "name"), [(1, "deviation"), (2, "sigma"), (3, "width")])
def test_the_options_of_an_older_version_are_migrated(version: int, name: str) -> None:
    registry = energies(spec(config_version=3, migrate=migrate))
    config = registry.configure("mine", {name: 2.5, "scale": 3.0}, version=version)
    assert config == Renamed(width=2.5, scale=3.0)


def test_migrated_options_are_checked_as_any_others() -> None:
    registry = energies(spec(config_version=2, migrate=migrate))
    with pytest.raises(UserError, match="energy 'mine': width is 'wide' but needs a number"):
        registry.configure("mine", {"deviation": "wide"}, version=1)


def test_options_of_a_newer_version_ask_for_an_upgrade() -> None:
    with pytest.raises(UserError, match=r"up to version 1, not 2.*pip install -U some-package"):
        energies(spec()).configure("mine", {}, version=2)


def test_options_of_an_older_version_without_migration_are_refused() -> None:
    with pytest.raises(UserError, match="can no longer read configurations of version 1"):
        energies(spec(config_version=2)).configure("mine", {}, version=1)


def test_a_second_local_component_of_one_name_is_refused() -> None:
    registry = energies()
    registry.register("mine", EnergyConfig, nothing)
    with pytest.raises(UserError, match="The energy 'mine' is registered already"):
        registry.register("mine", EnergyConfig, nothing)


def test_a_local_component_does_not_override_an_installed_one() -> None:
    registry = energies(spec())
    registry.register("mine", EnergyConfig, nothing)
    with pytest.raises(UserError, match="write some-package:mine or local:mine"):
        registry.find("mine")
    assert registry.find("local:mine").distribution == "local"
    assert registry.names() == ["local:mine", "some-package:mine"]


def test_without_failed_plugins_an_unknown_name_mentions_none() -> None:
    with pytest.raises(UserError) as caught:
        energies(spec("heatmap")).find("heatmop")
    assert str(caught.value) == "There is no energy 'heatmop' (did you mean heatmap?)."


def test_an_error_in_a_factory_s_module_names_the_component() -> None:
    with pytest.raises(UserError, match=r"'nowhere:build' of energy 'mine' of some-package cannot"):
        energies(spec()).build(Chosen("mine", Renamed()), context())
