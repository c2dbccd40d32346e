"""The training loop, from top to bottom."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from platypose.api import BuildContext, Schedule, UserError
from platypose.api.kinds.denoiser import KIND as DENOISER
from platypose.api.kinds.schedule import KIND as SCHEDULE
from platypose.checkpoint import Header
from platypose.checkpoint.prior import describe, save_prior
from platypose.compute import resolve_device, resolve_dtype
from platypose.motion import MotionSet
from platypose.registry import plugins
from platypose.skeleton import skeleton
from platypose.training.augment import Augmenter
from platypose.training.clips import Clips
from platypose.training.config import TrainConfig
from platypose.training.measure import denoising_errors
from platypose.training.state import read_state, write_state

LOG_EVERY = 50
"""Steps between lines of metrics.jsonl."""


@attrs.frozen(kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: steps done.
        steps: steps in all.
        loss: mean over the last `LOG_EVERY` steps, in squared units of the prior's scale.
        steps_per_second: over the same.
        saved: whether a checkpoint was just written.
    """

    step: int
    steps: int
    loss: float
    steps_per_second: float
    saved: bool


def train(
    config: TrainConfig, folder: Path, *, resume: bool = False
) -> Generator[Progress, None, None]:
    """Train a prior, writing into `folder`; a generator that reports as it goes.

    `folder` receives model.safetensors (the averaged weights with their header),
    state.safetensors (all that an exact resume needs) and metrics.jsonl. Closing the generator
    early (Ctrl-C in the command) writes a checkpoint first.

    Arguments:
        config: the run.
        folder: exists; the run's own.
        resume: go on from state.safetensors.

    Yields:
        after every `LOG_EVERY` steps and every checkpoint.

    Raises:
        UserError: the data do not fit, or the state is not of this run.
    """
    device = resolve_device(config.device)
    generator = torch.Generator(device).manual_seed(config.seed)
    torch.manual_seed(config.seed)  # weights and dropout have no generator of their own
    sets = [MotionSet.read(path) for path in config.data]
    pose = skeleton(sets[0].skeleton)
    clips = Clips(sets, config.split, device)
    held_out = Clips(sets, config.held_out, device)
    for part in (clips, held_out):
        part.starts(config.train.frames)  # says now, not after hours, that none is that long
    augment = Augmenter(config.augment, pose, generator)
    scale = clips.scale()

    context = BuildContext(skeleton=pose, device=device, dtype=torch.float32, generator=generator)
    schedule = plugins().registry(SCHEDULE).build(config.schedule, context)
    network = plugins().registry(DENOISER).build(config.denoiser, context)
    if not isinstance(network, nn.Module):
        raise UserError(f"The denoiser {config.denoiser.name!r} is no torch.nn.Module.")
    network.to(device).train()
    average = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    optimiser = torch.optim.AdamW(
        network.parameters(),
        lr=config.train.learning_rate,
        weight_decay=config.train.weight_decay,
    )
    sigmas = schedule.sigma.to(device=device, dtype=torch.float32)
    autocast = _autocast(config, device)
    state_file, metrics_file = folder / "state.safetensors", folder / "metrics.jsonl"
    step = 0
    if resume:
        step = read_state(state_file, network, optimiser, average, generator)
        _drop_later_lines(metrics_file, step)

    def save() -> None:
        write_state(state_file, network, optimiser, average, generator, step)
        header = _header(config, sets, schedule, clips, scale, step)
        save_prior(folder / "model.safetensors", average, header)

    def progress(saved: bool) -> Progress:
        rate = since_log / max(time.monotonic() - log_time, 1e-9)
        loss = float(torch.stack(losses).mean()) if losses else float("nan")
        return Progress(
            step=step, steps=config.train.steps, loss=loss, steps_per_second=rate, saved=saved
        )

    losses: list[Tensor] = []
    log_time = save_time = time.monotonic()
    since_log = 0
    try:
        while step < config.train.steps:
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(config, step)
            length = int(
                torch.randint(1, config.train.frames + 1, (), generator=generator, device=device)
            )
            x0 = augment(clips.draw(config.train.batch, length, generator)) / scale
            level = torch.randint(len(sigmas), (len(x0),), generator=generator, device=device)
            sigma = sigmas[level]
            noise = torch.randn(x0.shape, generator=generator, device=device)
            with autocast:
                estimate = network(x0 + sigma[:, None, None, None] * noise, sigma)
            loss = (estimate.float() - x0).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), config.train.gradient_norm)
            optimiser.step()
            # A young average follows the weights more closely than its decay says.
            decay = min(config.train.ema, (1 + step) / (10 + step))
            for name, tensor in network.state_dict().items():
                average[name].lerp_(tensor, 1 - decay)
            step += 1
            since_log += 1
            losses.append(loss.detach())

            if step % LOG_EVERY == 0 or step == config.train.steps:
                report = progress(saved=False)
                if not report.loss < float("inf"):
                    raise UserError(
                        f"The loss is {report.loss} at step {step}; lower train.learning_rate."
                    )
                _log(metrics_file, report, learning_rate(config, step - 1))
                yield report
                losses, log_time, since_log = [], time.monotonic(), 0
            if time.monotonic() - save_time > 60 * config.train.checkpoint_minutes:
                save()
                save_time = time.monotonic()
                yield progress(saved=True)
    except (GeneratorExit, KeyboardInterrupt):
        save()
        raise
    save()
    network.load_state_dict(average)
    network.eval()
    errors = denoising_errors(network, held_out, config.train.frames, scale)
    header = _header(config, sets, schedule, clips, scale, step)
    measures = {f"held-out rms mm at sigma {s:g}": e for s, e in errors.items()}
    save_prior(folder / "model.safetensors", average, attrs.evolve(header, measures=measures))
    yield progress(saved=True)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Warm-up, then half a cosine down to zero."""
    plan = config.train
    if step < plan.warm_up:
        return plan.learning_rate * (step + 1) / plan.warm_up
    part = (step - plan.warm_up) / max(plan.steps - plan.warm_up, 1)
    return plan.learning_rate * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * part))))


def _autocast(config: TrainConfig, device: torch.device) -> Any:
    dtype = resolve_dtype(config.precision)
    if dtype == torch.float32:
        return nullcontext()
    if dtype == torch.bfloat16:
        return torch.autocast(device.type, dtype=dtype)
    raise UserError(f"precision {config.precision!r}: training knows float32 and bfloat16.")


def _header(
    config: TrainConfig,
    sets: list[MotionSet],
    schedule: Schedule,
    clips: Clips,
    scale: float,
    step: int,
) -> Header:
    from platypose import __version__

    return Header(
        components={
            "denoiser": describe(DENOISER, config.denoiser),
            "schedule": describe(SCHEDULE, config.schedule),
        },
        skeleton=sets[0].skeleton,
        scale=scale,
        frame_rate=sets[0].frame_rate,
        frames=config.train.frames,
        step=step,
        seed=config.seed,
        data=tuple(f"{s.source}; split {config.split!r}" for s in sets),
        credit=" ".join(dict.fromkeys(s.credit for s in sets)),
        licence=config.licence,
        ema=True,
        measures={},
        versions={"platypose": __version__, "torch": torch.__version__},
    )


def _log(path: Path, report: Progress, rate: float) -> None:
    line = {
        "step": report.step,
        "loss": report.loss,
        "steps_per_second": round(report.steps_per_second, 3),
        "learning_rate": rate,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _drop_later_lines(path: Path, step: int) -> None:
    """Forget what was logged after the checkpoint that a run goes on from."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
