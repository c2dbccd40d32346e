"""How much of the machine's matrix-product rate a training step reaches.

Both are measured in turn, several times over, so that whatever else the machine does slows both:
the rate of large matrix products in the network's precision, and whole steps of training at the
published size of the denoiser (clips drawn and varied, noise, forward, backward, gradient norm,
AdamW, the average of the weights). The operations of a step are those that PyTorch counts: matrix
products and attention.

    OMP_NUM_THREADS=1 python examples/benchmark_training.py
    python examples/benchmark_training.py --device cuda --precision bfloat16 --compile
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from platypose.api import BuildContext, Denoiser, Schedule
from platypose.api.kinds.denoiser import KIND
from platypose.compute import resolve_device, resolve_dtype
from platypose.config import Chosen, choose
from platypose.motion import Clip, MotionSet
from platypose.registry import plugins
from platypose.skeleton import H36M_17
from platypose.training import Optimisation, TrainConfig, loop

FRAMES = 64
BATCH = 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--denoiser", default="mdm", help="such as mdm:dropout=0.0")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1, help="steps in a round")
    arguments = parser.parse_args()
    device, dtype = resolve_device(arguments.device), resolve_dtype(arguments.precision)
    denoiser = choose(Denoiser, arguments.denoiser)
    operations = arguments.steps * count_operations(denoiser)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = TrainConfig(
            data=(write_motion(folder / "motion.safetensors"),),
            denoiser=denoiser,
            schedule=choose(Schedule, "cosine"),
            train=Optimisation(
                steps=1_000_000,
                batch=BATCH,
                frames=FRAMES,
                shortest=FRAMES,
                checkpoint_minutes=1e6,
                compile=arguments.compile,
            ),
            pictures=False,
            device=arguments.device,
            precision=arguments.precision,
        )
        loop.LOG_EVERY = arguments.steps
        run = loop.train(config, folder / "run")
        next(run)  # warm-up, and compilation where asked for
        products, steps = [], []
        for _ in range(arguments.rounds):
            products.append(product_rate(device, dtype))
            began = time.perf_counter()
            next(run)  # ends with the loss on the CPU, and so when the device is done
            steps.append(operations / (time.perf_counter() - began))
        shares = [step / product for step, product in zip(steps, products)]
        print(
            f"a step         {operations / arguments.steps / 1e9:9.1f} thousand million operations"
        )
        print(f"products       {statistics.median(products) / 1e9:9.1f} thousand million a second")
        print(f"training       {statistics.median(steps) / 1e9:9.1f} thousand million a second")
        print(
            f"share          {statistics.median(shares):9.2f} ({min(shares):.2f}–{max(shares):.2f})"
        )
        run.close()


def count_operations(denoiser: Chosen[Denoiser]) -> int:
    """Operations of the products in one step, forward and backward."""
    context = BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float32,
        generator=torch.Generator(),
    )
    network = plugins().registry(KIND).build(denoiser, context)
    assert isinstance(network, nn.Module)
    clips, sigma = torch.zeros(1, FRAMES, len(H36M_17.joints), 3), torch.ones(1)
    with FlopCounterMode(display=False) as counter:
        network(clips, sigma).sum().backward()
    return BATCH * int(counter.get_total_flops())


def product_rate(device: torch.device, dtype: torch.dtype, repeats: int = 20) -> float:
    """Operations a second of a product as large as the network's largest, or larger on a GPU."""
    size = (4096, 1024, 1024) if device.type == "cpu" else (8192, 8192, 8192)
    rows, inner, columns = size
    a = torch.randn(rows, inner, device=device, dtype=dtype)
    b = torch.randn(inner, columns, device=device, dtype=dtype)
    best = 0.0
    for _ in range(3):
        synchronise(device)
        began = time.perf_counter()
        for _ in range(repeats):
            a @ b
        synchronise(device)
        best = max(best, 2 * repeats * rows * inner * columns / (time.perf_counter() - began))
    return best


def synchronise(device: torch.device) -> None:
    """Wait until the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def write_motion(path: Path) -> Path:
    """A person who sways, long enough for clips of `FRAMES` frames."""
    frames = 10 * FRAMES
    seconds = np.arange(frames)[:, None, None] / 30
    phase = np.random.default_rng(0).uniform(0, 6, (len(H36M_17.joints), 3))
    positions = np.array(H36M_17.standing) + 0.1 * np.sin(2 * seconds + phase)
    motion = MotionSet(
        positions=np.concatenate([positions, positions]).astype(np.float32),
        clips=tuple(
            Clip(name=split, subject=split, split=split, start=start, frames=frames)
            for split, start in (("train", 0), ("test", frames))
        ),
        skeleton=H36M_17.name,
        frame_rate=30.0,
        credit="Nobody was recorded.",
        source="made up",
    )
    motion.write(path)
    return path


if __name__ == "__main__":
    main()
