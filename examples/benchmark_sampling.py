"""Where the time of sampling goes, and how near the denoiser comes to the machine's rate.

For every number of frames and hypotheses it prints the seconds of one run and, from runs in which a
clock is put around each part, the shares of denoiser, energy, linear algebra and the rest; the
denoiser's operations a second as a share of what a large matrix product reaches in between; how
many times as long as its denoiser calls alone a run takes; and the peak of memory.

Energy is its value, gradient and curvature; where a sampler takes the gradient through the
denoiser, that is in it. Linear algebra is every product, factorisation and
solution outside of denoiser and energy: the sampler's and that of the root.

    OMP_NUM_THREADS=1 python examples/benchmark_sampling.py
    python examples/benchmark_sampling.py --device cuda --precision bfloat16 --compile

With the published network (random weights cost as much time as trained ones) and sampler:

    python examples/benchmark_sampling.py --sampler guided-ddim:substeps=10 --denoiser mdm \\
        --frames 1 --hypotheses 200
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs
import torch
from benchmark_training import product_rate, synchronise
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from platypose import Evidence, Platypose
from platypose.api import CurvedEnergy, Denoiser, Energy, Quadratic
from platypose.api.kinds.denoiser import KIND as DENOISER
from platypose.config import choose, structure
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.experiment import experiment
from platypose.evaluation.scenes import Work
from platypose.lifting import Guidance
from platypose.registry import plugins

EXCERPT = Path(__file__).parent / "data" / "held-out-excerpt.safetensors"
PARTS = ("denoiser", "energy", "linear algebra", "rest")
PRODUCTS = {"matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "baddbmm", "einsum", "linear"}
SOLUTIONS = {"cholesky", "cholesky_solve", "cholesky_inverse", "triangular_solve"}


class Clock:
    """Seconds of each part; a part within another interrupts that."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.part, self.since = "rest", time.perf_counter()

    def _turn(self, part: str) -> None:
        synchronise(self.device)
        now = time.perf_counter()
        self.seconds[self.part] += now - self.since
        self.part, self.since = part, now

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Count what happens within as that part."""
        before = self.part
        self._turn(part)
        try:
            yield
        finally:
            self._turn(before)

    def start(self) -> None:
        """Forget what was counted."""
        self._turn("rest")
        self.seconds = dict.fromkeys(PARTS, 0.0)

    def stop(self) -> dict[str, float]:
        """The seconds of each part since the start."""
        self._turn("rest")
        return dict(self.seconds)


class TimedDenoiser(nn.Module):
    """A denoiser with a clock around it."""

    def __init__(self, denoiser: Denoiser, clock: Clock) -> None:
        super().__init__()
        self.denoiser, self.clock = denoiser, clock

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        with self.clock.on("denoiser"):
            return self.denoiser(x, sigma)


@attrs.frozen(eq=False)
class TimedEnergy:
    """An energy with a clock around it."""

    energy: Energy
    clock: Clock

    def __call__(self, joints: Tensor) -> Tensor:
        with self.clock.on("energy"):
            return self.energy(joints)


@attrs.frozen(eq=False)
class TimedCurvedEnergy(TimedEnergy):
    """The same with curvature."""

    def quadratic(self, joints: Tensor) -> Quadratic:
        assert isinstance(self.energy, CurvedEnergy)
        with self.clock.on("energy"):
            return self.energy.quadratic(joints)


class LinearAlgebra(TorchFunctionMode):
    """Counts products, factorisations and solutions that nothing else counts."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        linear = name in PRODUCTS | SOLUTIONS or name.startswith("linalg_")
        if self.clock.part != "rest" or not linear:
            return func(*args, **(kwargs or {}))
        with self.clock.on("linear algebra"):
            return func(*args, **(kwargs or {}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true", help="compile the network")
    parser.add_argument("--sampler", default="posterior", help="as platypose lift takes it")
    parser.add_argument("--prior", help="in the place of pose-17 for a frame, motion-17 for more")
    parser.add_argument("--denoiser", help="a network with random weights in the prior's place")
    parser.add_argument("--root", choices=("unknown", "known"), default="unknown")
    parser.add_argument("--frames", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--hypotheses", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    columns = ["frames", "hypotheses", "calls", "s", *(f"{part} %" for part in PARTS)]
    columns += ["GFLOP/s", "of products", "over bare calls", "poses/s", "peak MiB"]
    print(" | ".join(columns), flush=True)
    for frames in options.frames:
        prior = options.prior or ("pose-17" if frames == 1 else "motion-17")
        pose = load(prior, options)
        evidence = seen(pose, frames)
        for hypotheses in options.hypotheses:
            row = measure(pose, evidence, hypotheses, options)
            print(" | ".join(row), flush=True)


def load(prior: str, options: argparse.Namespace) -> Platypose:
    """The prior, with another network where one is asked for, compiled where that is."""
    pose = Platypose.from_pretrained(prior, device=options.device, precision=options.precision)
    network: Any = pose.prior.denoiser
    if options.denoiser is not None:
        chosen = choose(Denoiser, options.denoiser)
        context = attrs.evolve(pose.context(), dtype=pose.prior.dtype)
        network = plugins().registry(DENOISER).build(chosen, context)
        network = network.to(pose.prior.device, pose.prior.dtype).eval()
    if options.compile:
        network = torch.compile(network)
    return Platypose(attrs.evolve(pose.prior, denoiser=network))


def seen(pose: Platypose, frames: int) -> Evidence:
    """The first clip of the excerpt that is long enough, before one camera, with noise of 5 px."""
    content = experiment("cmu") | {"data": [str(EXCERPT)], "frames": frames}
    work = Work(structure(content, EvaluateConfig, "cmu"), pose)
    scenes = (scene for number in range(len(work.groups)) for scene in work.scenes(number))
    scene = next(scene for scene in scenes if scene.excerpts[0].frames == frames)
    return scene.evidence.at(torch.arange(frames).numpy())


def measure(
    pose: Platypose, evidence: Evidence, hypotheses: int, options: argparse.Namespace
) -> list[str]:
    """One line of the table; figures are medians over rounds, which take turns."""
    device, frames = pose.prior.device, evidence.num_frames
    config = experiment("cmu")["energies"][0]
    energy = ":".join((config["name"], ",".join(f"{k}={v}" for k, v in list(config.items())[1:])))
    guidance = pose.energy(evidence, energy, root=options.root)
    clock = Clock(device)
    timed = Platypose(attrs.evolve(pose.prior, denoiser=TimedDenoiser(pose.prior.denoiser, clock)))

    def sample(pose: Platypose, guidance: Guidance) -> int:
        *_, last = pose.sample(hypotheses, frames, energy=guidance, sampler=options.sampler)
        synchronise(device)
        return last.denoiser_calls

    calls = sample(pose, guidance)  # a warm-up, and compilation where asked for
    reset_peak(device)
    sample(pose, guidance)
    peak = peak_mib(device)
    operations = count_operations(pose, hypotheses, frames)
    plain, bare, rates, shares = [], [], [], []
    for _ in range(options.rounds):
        rates.append(product_rate(device, pose.prior.dtype, repeats=4))
        plain.append(seconds(lambda: sample(pose, guidance)))
        bare.append(calls * seconds(lambda: bare_call(pose, hypotheses, frames)))
        shares.append(parts_of(lambda: sample(timed, with_clock(guidance, clock)), clock))
    middle = {part: statistics.median(share[part] for share in shares) for part in PARTS}
    whole = sum(middle.values())
    reached = calls * operations / middle["denoiser"]
    run = statistics.median(plain)
    return [
        *(str(frames), str(hypotheses), str(calls), f"{run:.3f}"),
        *(f"{100 * middle[part] / whole:.0f}" for part in PARTS),
        f"{reached / 1e9:.1f}",
        f"{reached / statistics.median(rates):.2f}",
        f"{statistics.median(p / b for p, b in zip(plain, bare)):.2f}",
        f"{hypotheses * frames / run:.0f}",
        "–" if peak is None else f"{peak:.0f}",
    ]


def parts_of(run: Callable[[], object], clock: Clock) -> dict[str, float]:
    """Seconds of each part of a run, gradients being part of the energy.

    Looking at every operation for linear algebra makes all of them slower, so that has a run of
    its own, and is taken off the rest of a run without.
    """
    gradient = torch.autograd.grad

    def of_energy(*arguments: Any, **options: Any) -> Any:
        with clock.on("energy"):
            return gradient(*arguments, **options)

    with patch.object(torch.autograd, "grad", of_energy):
        clock.start()
        run()
        parts = clock.stop()
        with LinearAlgebra(clock):
            clock.start()
            run()
            parts["linear algebra"] = clock.stop()["linear algebra"]
    parts["rest"] -= parts["linear algebra"]
    return parts


def with_clock(guidance: Guidance, clock: Clock) -> Guidance:
    """The same guidance with a clock around its energies."""
    return attrs.evolve(
        guidance,
        energies=tuple(
            (
                scale,
                (TimedCurvedEnergy if isinstance(energy, CurvedEnergy) else TimedEnergy)(
                    energy, clock
                ),
            )
            for scale, energy in guidance.energies
        ),
    )


@torch.no_grad()
def bare_call(pose: Platypose, hypotheses: int, frames: int) -> None:
    """One call of the denoiser on as many hypotheses and frames, and nothing else."""
    motion, joints = pose.prior.header.frames > 1, len(pose.prior.skeleton.joints)
    shape = (hypotheses, frames) if motion else (hypotheses * frames, 1)
    x = torch.zeros(*shape, joints, 3, device=pose.prior.device, dtype=pose.prior.dtype)
    pose.prior.denoiser(x, torch.ones_like(x[:, 0, 0, 0]))
    synchronise(pose.prior.device)


def count_operations(pose: Platypose, hypotheses: int, frames: int) -> int:
    """Operations of the products in one call of the denoiser, as PyTorch counts them."""
    network: Any = getattr(pose.prior.denoiser, "_orig_mod", pose.prior.denoiser)
    plain = Platypose(attrs.evolve(pose.prior, denoiser=network))
    with FlopCounterMode(display=False) as counter:
        bare_call(plain, hypotheses, frames)
    return int(counter.get_total_flops())


def seconds(run: Callable[[], object]) -> float:
    """That something takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def reset_peak(device: torch.device) -> None:
    """Begin to look for the peak of memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the high-water mark falls to now


def peak_mib(device: torch.device) -> float | None:
    """Of the GPU what PyTorch has held; of the CPU, on Linux, what the whole process has."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return None if found is None else int(found[1]) / 2**10


if __name__ == "__main__":
    main()
