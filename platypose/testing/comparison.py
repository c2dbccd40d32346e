"""Assertions about tensors, which say in words what does not hold."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def assert_same(actual: Tensor, expected: Tensor, claim: str, *, tolerance: float = 1e-9) -> None:
    """Equal but for the rounding of float64, relative to the largest value."""
    assert_like(actual, expected.shape, expected, claim)
    largest = float(expected.detach().abs().max()) if expected.numel() else 0.0
    difference = float((actual - expected).detach().abs().max()) if expected.numel() else 0.0
    assert difference <= tolerance * max(largest, 1.0), (
        f"not so: {claim} (a difference of {difference:.3g} where the largest value is "
        f"{largest:.3g})"
    )


def assert_like(actual: Tensor, shape: tuple[int, ...], like: Tensor, claim: str) -> None:
    """Of that shape, and of the dtype and device of another tensor."""
    found = (tuple(actual.shape), actual.dtype, actual.device.type)
    wanted = (tuple(shape), like.dtype, like.device.type)
    assert found == wanted, f"not so: {claim} (it is {found} instead of {wanted})"


def assert_finite(tensor: Tensor, claim: str) -> None:
    """Neither NaN nor infinite."""
    assert bool(tensor.isfinite().all()), f"not so: {claim} (it holds NaN or infinity)"


def gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """The derivative of the sum of `function`, by autograd."""
    with torch.enable_grad():
        x = at.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(x).sum(), x, allow_unused=True)
    return torch.zeros_like(at) if slope is None else slope


def assert_gradient(function: Callable[[Tensor], Tensor], at: Tensor, claim: str) -> None:
    """Autograd agrees with central differences, in one random direction for each joint.

    Arguments:
        function: of float64 tensors; its values are summed with random weights.
        at: (..., J, 3).
        claim: what does not hold otherwise.
    """
    generator = torch.Generator(at.device).manual_seed(1)

    def normal(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=at.dtype, device=at.device)

    with torch.no_grad():
        weights = normal(function(at))

    def weighted(x: Tensor) -> Tensor:
        return weights * function(x)

    slope, step = gradient(weighted, at), 1e-6
    for joint in range(at.shape[-2]):
        direction = torch.zeros_like(at)
        direction[..., joint, :] = normal(at[..., joint, :])
        with torch.no_grad():
            ahead, back = weighted(at + step * direction), weighted(at - step * direction)
        numeric = float((ahead - back).sum()) / (2 * step)
        analytic = float((slope * direction).sum())
        rounding = 4 * torch.finfo(at.dtype).eps * float(ahead.abs().sum()) / step
        size = float((slope * direction).square().sum().sqrt())
        assert abs(numeric - analytic) <= 1e-4 * (abs(analytic) + size) + rounding, (
            f"not so: {claim} (joint {joint}: autograd gives {analytic:.6g}, central differences "
            f"give {numeric:.6g})"
        )
