"""The denoiser suite accepts a right network, and each of its checks refuses a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor, nn

from platypose.api import BuildContext, Config, field
from platypose.testing import DenoiserContract


@attrs.frozen(kw_only=True)
class Size(Config):
    width: int = field(16, doc="Hidden features.")


@attrs.frozen(kw_only=True)
class Undocumented(Config):
    width: int = 16


def doubled(value: int) -> int:
    return 2 * value


@attrs.frozen(kw_only=True)
class Doubling(Config):
    width: int = attrs.field(default=8, converter=doubled, metadata={"doc": "Hidden features."})


class Network(nn.Module):
    """Each frame by itself, and the mean of the frames that exist."""

    def __init__(self, config: Any, context: BuildContext) -> None:
        super().__init__()
        values = 3 * len(context.skeleton.joints)

        def normal(*shape: int) -> nn.Parameter:
            weights = torch.randn(shape, generator=context.generator, dtype=context.dtype)
            return nn.Parameter(weights / shape[0] ** 0.5)

        self.first = normal(values, config.width)
        self.level = normal(1, config.width)
        self.second = normal(config.width, values)
        self.context = context

    def mean(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return hidden.mean(1, keepdim=True)
        hidden = torch.where(mask[..., None], hidden, 0)
        return hidden.sum(1, keepdim=True) / mask.sum(1)[:, None, None]

    def time(self, sigma: Tensor) -> Tensor:
        return sigma.atan()

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor | None = None) -> Tensor:
        preserved = x / (1 + sigma.square()).sqrt()[:, None, None, None]
        hidden = preserved.flatten(2) @ self.first + self.time(sigma)[:, None, None] * self.level
        hidden = (hidden + self.mean(hidden, mask)).tanh()
        return (hidden @ self.second).view_as(x)


def altered(change: Callable[[Tensor, Tensor], Tensor]) -> type[Network]:
    """The right network with its result changed: (result, x) → result."""

    class Altered(Network):
        def forward(self, x: Tensor, sigma: Tensor, mask: Tensor | None = None) -> Tensor:
            return change(super().forward(x, sigma, mask), x)

    return Altered


class FixedLength(Network):
    """Was made for clips of six frames."""

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor | None = None) -> Tensor:
        if x.shape[1] > 6:
            raise ValueError
        return super().forward(x, sigma, mask)


class LogSigma(Network):
    def time(self, sigma: Tensor) -> Tensor:
        return (sigma - 0.01).log()


class WrongGradient(Network):
    def time(self, sigma: Tensor) -> Tensor:
        return sigma.atan()

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().forward(x.detach() + 0.5 * (x - x.detach()), sigma, mask)


class Frozen(Network):
    """One of its parameters cannot be trained."""

    def __init__(self, config: Any, context: BuildContext) -> None:
        super().__init__(config, context)
        self.idle = nn.Parameter(torch.ones(3, dtype=context.dtype))


class OneLevel(Network):
    """Takes the first clip's noise level for that of all."""

    def time(self, sigma: Tensor) -> Tensor:
        return sigma[:1].atan().expand_as(sigma)


class BatchMean(Network):
    def mean(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        return super().mean(hidden, mask).mean(0, keepdim=True)


class NoMask(Network):
    def mean(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        return hidden.mean(1, keepdim=True)


class CountsPadding(Network):
    """Leaves out what padding holds, but not that it is there."""

    def mean(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        if mask is not None:
            hidden = torch.where(mask[..., None], hidden, 0)
        return hidden.mean(1, keepdim=True)


class GlobalSeed(Network):
    def __init__(self, config: Any, context: BuildContext) -> None:
        super().__init__(config, context)
        nn.init.normal_(self.level)


class Dropout(Network):
    """Drops features in evaluation too."""

    def mean(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        return nn.functional.dropout(super().mean(hidden, mask), 0.5, training=True)


class HiddenState(Network):
    """Keeps a tensor that its state leaves out."""

    def __init__(self, config: Any, context: BuildContext) -> None:
        super().__init__(config, context)
        self.shift = torch.randn(config.width, generator=context.generator, dtype=context.dtype)

    def time(self, sigma: Tensor) -> Tensor:
        return sigma.atan() + self.shift.mean()


class SharedState(Network):
    """Has one tensor under two names, which safetensors cannot write."""

    def __init__(self, config: Any, context: BuildContext) -> None:
        super().__init__(config, context)
        self.register_buffer("copy", self.second.data)


class SpoilsTheClip(Network):
    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor | None = None) -> Tensor:
        result = super().forward(x, sigma, mask)
        if not x.requires_grad:
            x[0, 0, 0, 0] += 1e-13
        return result


def no_module(config: Any, context: BuildContext) -> Any:
    """Has all that the protocol names, but is a plain object."""
    network = Network(config, context)

    class Plain:
        parameters = staticmethod(network.parameters)
        state_dict = staticmethod(network.state_dict)
        load_state_dict = staticmethod(network.load_state_dict)

        def __call__(self, *arguments: Any) -> Tensor:
            result: Tensor = network(*arguments)
            return result

    return Plain()


CONFIGURATION = {
    "test_configuration_survives_a_round_trip",
    "test_every_option_is_documented",
}
WRONG: dict[str, tuple[Any, set[str]]] = {
    "flat": (
        altered(lambda result, x: result.flatten(2)),
        {"test_gives_clips_like_those_it_takes"},
    ),
    "float32": (
        altered(lambda result, x: result.float()),
        {
            "test_gives_clips_like_those_it_takes",
            "test_gradient_agrees_with_finite_differences",
        },
    ),
    "made for six frames": (FixedLength, {"test_gives_clips_like_those_it_takes"}),
    "NaN at low noise": (LogSigma, {"test_is_finite_at_any_noise_level"}),
    "NaN for a clip at rest": (
        altered(lambda result, x: result * x.norm() / x.norm()),
        {"test_is_finite_at_any_noise_level"},
    ),
    "a wrong gradient": (WrongGradient, {"test_gradient_agrees_with_finite_differences"}),
    "a parameter without influence": (Frozen, {"test_every_parameter_is_trained"}),
    "one noise level for all": (OneLevel, {"test_clips_of_a_batch_are_not_coupled"}),
    "mean over the batch": (BatchMean, {"test_clips_of_a_batch_are_not_coupled"}),
    "ignores the mask": (NoMask, {"test_frames_outside_the_mask_have_no_influence"}),
    "counts padding": (CountsPadding, {"test_frames_outside_the_mask_have_no_influence"}),
    "drawn from the global generator": (GlobalSeed, {"test_same_seed_gives_the_same_network"}),
    "drops features in evaluation": (
        Dropout,
        {
            "test_same_seed_gives_the_same_network",
            "test_gradient_agrees_with_finite_differences",
            "test_clips_of_a_batch_are_not_coupled",
            "test_frames_outside_the_mask_have_no_influence",
            "test_state_survives_a_round_trip",
        },
    ),
    "state left out": (HiddenState, {"test_state_survives_a_round_trip"}),
    "state that cannot be saved": (SharedState, {"test_state_survives_a_round_trip"}),
    "spoils the clip": (SpoilsTheClip, {"test_leaves_the_clip_as_it_is"}),
}
WRONG_CONFIGURATIONS: dict[type[Config], set[str]] = {
    Doubling: {"test_configuration_survives_a_round_trip"},
    Undocumented: {"test_every_option_is_documented"},
}


def test_a_right_denoiser_passes(failing: Callable[..., set[str]]) -> None:
    assert failing(DenoiserContract, Network, Size) == set()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_denoiser_fails_where_it_is_wrong(
    name: str, failing: Callable[..., set[str]]
) -> None:
    factory, expected = WRONG[name]
    assert failing(DenoiserContract, factory, Size) == expected


def test_a_denoiser_that_is_no_module_fails_everywhere(
    failing: Callable[..., set[str]], checks: Callable[[type[Any]], set[str]]
) -> None:
    assert failing(DenoiserContract, no_module, Size) == checks(DenoiserContract) - CONFIGURATION


@pytest.mark.parametrize("config", WRONG_CONFIGURATIONS, ids=lambda config: config.__name__)
def test_a_wrong_configuration_fails(
    config: type[Config], failing: Callable[..., set[str]]
) -> None:
    assert failing(DenoiserContract, Network, config) == WRONG_CONFIGURATIONS[config]


def test_every_check_has_a_wrong_denoiser(checks: Callable[[type[Any]], set[str]]) -> None:
    refused = set().union(*(expected for _, expected in WRONG.values()))
    assert refused.union(*WRONG_CONFIGURATIONS.values()) == checks(DenoiserContract)
