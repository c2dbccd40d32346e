"""Time and memory of long lifts: the keypoints of the balancing trial over and over.

Each length is lifted by a process of its own, whose peak of resident memory is that of the row.

    python examples/benchmark_long.py --minutes 1 10 60 --samples 2 --calls 2
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs
import numpy as np

from platypose import Evidence
from platypose.config import structure
from platypose.lifting import Result
from platypose.lifting.config import LiftConfig
from platypose.lifting.run import lift
from platypose.lifting.windows import SAMPLES, Window, plan

TRIAL = Path(__file__).parent / "data" / "balancing-4-cameras.safetensors"
VIEW = 2
RATE = 25.0
"""Frames a second that the trial is taken for."""
NEAR = 2
"""Frames on either side of a fade that count as a seam's."""


def repeated(frames: int) -> Evidence:
    """The trial forwards and backwards in turn, as one camera sees it."""
    trial = Evidence.read(TRIAL)
    assert trial.keypoints is not None and trial.confidence is not None
    there_and_back = [*range(trial.num_frames), *range(trial.num_frames - 2, 0, -1)]
    one = attrs.evolve(
        trial,
        frame_rate=RATE,
        cameras=trial.cameras[VIEW : VIEW + 1],
        keypoints=trial.keypoints[:, VIEW : VIEW + 1],
        confidence=trial.confidence[:, VIEW : VIEW + 1],
    )
    return one.at(np.resize(there_and_back, frames))


def accelerations(result: Result, windows: tuple[Window, ...]) -> tuple[float, float]:
    """Mean over hypotheses and joints in the world at the seams, and elsewhere, m/s²."""
    seam, elsewhere = [], []
    for window in windows[1:]:
        frames = np.arange(window.start, window.end)
        change = np.diff(result.at(frames).joints.astype(np.float64), 2, axis=1)
        size = RATE**2 * np.linalg.norm(change, axis=-1).mean((0, 2))
        centre = frames[1:-1]
        first, last = window.fresh - window.fade - NEAR, window.fresh + NEAR
        near = (centre >= first) & (centre < last)
        seam.extend(size[near])
        elsewhere.extend(size[~near])
    return float(np.mean(seam)), float(np.mean(elsewhere))


def one(options: argparse.Namespace, minutes: float) -> dict[str, float]:
    """Lift so many minutes, in this process."""
    frames = round(60 * RATE * minutes)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        repeated(frames).write(folder / "evidence.safetensors")
        content = {
            "evidence": [str(folder / "evidence.safetensors")],
            "prior": options.prior,
            "samples": options.samples,
            "sampler": f"posterior:calls={options.calls}",
            "window": options.window,
            "device": "cpu",
        }
        config = structure(content, LiftConfig, "benchmark")
        wall, cpu = time.perf_counter(), time.process_time()
        lift(config, folder / "out")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        windows = plan(config, options.longest, frames)
        row = {"frames": frames, "windows": len(windows), "wall": wall, "cpu": cpu, "peak": peak}
        if len(windows) > 1:
            result = Result.read(folder / "out" / SAMPLES)
            row["seam"], row["elsewhere"] = accelerations(result, windows[:40])
    return row


def main() -> None:
    """Print a row for each length as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60])
    parser.add_argument("--prior", default="pose-17", help="installed prior")
    parser.add_argument("--longest", type=int, default=1, help="frames of a clip that it knows")
    parser.add_argument("--window", type=int, help="as of platypose lift")
    parser.add_argument("--samples", type=int, default=2, help="hypotheses")
    parser.add_argument("--calls", type=int, default=2, help="noise levels")
    parser.add_argument("--folder", type=Path, help="for the evidence and the results")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.in_this_process:
        print(json.dumps(one(options, options.minutes[0])))
        return
    print("| minutes | frames | windows | s | ms a frame | of them CPU | peak memory, MB | "
          "acceleration at seams, m/s² | elsewhere |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    arguments = [word for word in sys.argv[1:] if word != "--in-this-process"]
    for minutes in options.minutes:
        command = [sys.executable, __file__, *arguments, "--minutes", str(minutes)]
        done = subprocess.run(
            [*command, "--in-this-process"], check=True, capture_output=True, text=True
        )
        row = json.loads(done.stdout)
        each = 1000 / row["frames"]
        seams = [f"{row[name]:.1f}" if name in row else "" for name in ("seam", "elsewhere")]
        cells = [
            *(f"{minutes:g}", row["frames"], row["windows"], f"{row['wall']:.0f}"),
            *(f"{each * row['wall']:.1f}", f"{each * row['cpu']:.1f}", f"{row['peak']:.0f}"),
            *seams,
        ]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
