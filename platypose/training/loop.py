"""The training loop, from top to bottom."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import torch
from torch import Tensor, nn

from platypose.api import BuildContext, Schedule, UserError
from platypose.api.kinds.denoiser import KIND as DENOISER
from platypose.api.kinds.logger import KIND as LOGGER
from platypose.api.kinds.schedule import KIND as SCHEDULE
from platypose.checkpoint import Header
from platypose.checkpoint.prior import describe, save_prior
from platypose.config import unstructure, write_yaml
from platypose.motion import MotionSet
from platypose.registry import plugins
from platypose.skeleton import skeleton
from platypose.training.augment import Augmenter
from platypose.training.clips import Clips
from platypose.training.config import TrainConfig
from platypose.training.folder import RunFolder, claimed
from platypose.training.journal import Journal
from platypose.training.measure import denoising_errors
from platypose.training.noise import draw_noise_levels, loss_weights
from platypose.training.pictures import can_draw, draw_samples
from platypose.training.processes import make_accelerator
from platypose.training.residuals import residuals_in_training
from platypose.training.seeds import seed_of
from platypose.training.state import read_state, write_state

if TYPE_CHECKING:
    from accelerate import Accelerator

LOG_EVERY = 50
"""Steps between lines of metrics.jsonl."""
AGREE_EVERY = 10
"""Steps between the moments at which several processes ask each other whether to stop."""


@attrs.frozen(kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: steps done.
        steps: steps in all.
        loss: mean over the steps since the last line of the log, in squared units of the prior's
            scale, weighted; NaN where there was no step since.
        steps_per_second: over the same.
        saved: whether a checkpoint was just written.
    """

    step: int
    steps: int
    loss: float
    steps_per_second: float
    saved: bool


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)


def train(
    config: TrainConfig,
    folder: Path,
    *,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = _warn,
) -> Generator[Progress, None, None]:
    """Train a prior, writing into `folder`; a generator that reports as it goes.

    `folder` receives config.yaml, model.safetensors (the averaged weights with their header),
    state.safetensors (all that an exact resume needs) with the one before it, metrics.jsonl and
    pictures. Closing the generator early writes a checkpoint first.

    The random numbers of a step are a function of the seed and the step. Where torchrun began
    several processes, each draws the whole batch and computes its share, so that the curve is that
    of one process but for rounding (and for dropout, which differs).

    Arguments:
        config: the run.
        folder: the run's own; made where it is missing, and empty unless `resume`.
        resume: go on from state.safetensors.
        stop: asked after every step; once it says true, a checkpoint is written and the run ends.
        tell: takes a sentence for the user; a Python warning by default.

    Yields:
        after every `LOG_EVERY` steps and every checkpoint.

    Raises:
        UserError: the data do not fit, the folder is in use or not empty, the state is not of this
            run, or a file cannot be written.
    """
    accelerator = make_accelerator(config)
    files = RunFolder(folder)
    with claimed(files, resume=resume) if accelerator.is_main_process else nullcontext():
        yield from _train(config, files, accelerator, resume=resume, stop=stop, tell=tell)
    accelerator.end_training()


def _train(
    config: TrainConfig,
    files: RunFolder,
    accelerator: Accelerator,
    *,
    resume: bool,
    stop: Callable[[], bool],
    tell: Callable[[str], None],
) -> Generator[Progress, None, None]:
    device, first = accelerator.device, accelerator.is_main_process
    generator = torch.Generator(device).manual_seed(config.seed)
    host = torch.Generator()  # of numbers that the device must not be waited for
    torch.manual_seed(config.seed)  # a network may draw its first weights from it
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
    denoiser = plugins().registry(DENOISER).build(config.denoiser, context)
    if not isinstance(denoiser, nn.Module):
        raise UserError(f"The denoiser {config.denoiser.name!r} is no torch.nn.Module.")
    network: nn.Module = denoiser
    model = accelerator.prepare(network.train())  # moved, in mixed precision, shared, compiled
    average = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    optimiser = torch.optim.AdamW(
        network.parameters(),
        lr=config.train.learning_rate,
        weight_decay=config.train.weight_decay,
        fused=device.type in ("cpu", "cuda"),
    )
    sigmas = schedule.sigma.to(device=device, dtype=torch.float32)
    loggers = {
        chosen.name: plugins().registry(LOGGER).build(chosen, context)
        for chosen in (config.loggers if first else ())
    }
    step = read_state(files, network, optimiser, average, tell) if resume else 0
    if step > config.train.steps:
        raise UserError(
            f"The run in {files.path} has done {step} steps already; train.steps is "
            f"{config.train.steps} but needs at least as many."
        )
    began = step
    draws = first and config.pictures and can_draw()

    def save() -> None:
        if losses:
            _finite(float(losses[-1]), step)  # no checkpoint is replaced by a broken one
        try:
            write_state(files, network, optimiser, average, step)
            write_yaml(unstructure(config), files.config)
            save_prior(files.model, average, _header(config, sets, schedule, clips, scale, step))
        except UserError as error:
            if not files.can_resume:
                raise
            raise UserError(
                f"{error} What was saved before is whole: see to the disk and add --resume."
            ) from None
        if draws:
            try:
                journal.pictures(step, draw_samples(files, step, config.train.frames, device))
            except Exception as error:  # a picture is not worth a run
                tell(f"No picture of samples at step {step}: {error}")

    def progress(saved: bool, loss: float = float("nan")) -> Progress:
        rate = since_log / max(time.monotonic() - log_time, 1e-9)
        return Progress(
            step=step, steps=config.train.steps, loss=loss, steps_per_second=rate, saved=saved
        )

    losses: list[Tensor] = []
    log_time = save_time = time.monotonic()
    since_log = 0
    journal = Journal(files if first else None, loggers, unstructure(config), step, tell)
    with closing(journal):
        try:
            while step < config.train.steps and not _agreed(stop, step, accelerator):
                generator.manual_seed(seed_of(config.seed, step))
                host.manual_seed(seed_of(config.seed, step, "host"))
                torch.manual_seed(seed_of(config.seed, step, accelerator.process_index))  # dropout
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate(config, step)
                lengths = config.train.shortest, config.train.frames + 1
                length = int(torch.randint(*lengths, (), generator=host))
                shares = _shares(config, accelerator, length)
                drawn = clips.draw(
                    len(shares) * accelerator.num_processes * _size(shares[0]),
                    length,
                    generator,
                    rates=config.augment.frame_rate,
                )
                x0 = augment(drawn) / scale
                sigma = draw_noise_levels(config.train, sigmas, len(x0), generator)
                noisy = x0 + sigma[:, None, None, None] * torch.randn(
                    x0.shape, generator=generator, device=device
                )
                weights = loss_weights(config.train, sigma)
                optimiser.zero_grad(set_to_none=True)
                for share in shares:
                    waits = share is not shares[-1]  # gradients meet once a step
                    with accelerator.no_sync(model) if waits else nullcontext():
                        errors = (model(noisy[share], sigma[share]) - x0[share]).square()
                        loss = (weights[share] * errors.flatten(1).mean(1)).mean()
                        accelerator.backward(loss / len(shares))
                    losses.append(loss.detach())
                nn.utils.clip_grad_norm_(
                    network.parameters(), config.train.gradient_norm, foreach=True
                )
                optimiser.step()
                _follow(average, network, step, config.train.ema)
                step += 1
                since_log += 1

                if step % LOG_EVERY == 0 or step == config.train.steps:
                    # Every process has the mean over all of them, and so the same opinion of it.
                    mean = accelerator.reduce(torch.stack(losses).mean(), "mean")
                    report = progress(saved=False, loss=_finite(float(mean), step))
                    journal.scalars(step, _line(report, learning_rate(config, step - 1)))
                    yield report
                    losses, log_time, since_log = [], time.monotonic(), 0
                if first and time.monotonic() - save_time > 60 * config.train.checkpoint_minutes:
                    started = time.monotonic()
                    save()
                    save_time = time.monotonic()
                    log_time += save_time - started
                    yield progress(saved=True)
        except GeneratorExit:
            if first and step > began:
                save()
            raise
        if first and step > began:
            save()
            if step < config.train.steps:
                yield progress(saved=True)
    if not first or step < config.train.steps:
        return

    trained = accelerator.unwrap_model(model, keep_fp32_wrapper=False, keep_torch_compile=False)
    trained.load_state_dict(average)
    trained.eval()
    errors_mm = denoising_errors(trained, held_out, config.train.frames, scale)
    measures = {f"held-out rms mm at sigma {s:g}": e for s, e in errors_mm.items()}
    residual = None
    if config.residual_frames:
        generator.manual_seed(seed_of(config.seed, "residuals"))
        residual = residuals_in_training(
            trained,
            clips,
            augment,
            scale,
            skeleton=pose,
            longest=config.train.frames,
            frames_per_level=config.residual_frames,
        )
    header = _header(config, sets, schedule, clips, scale, step)
    save_prior(
        files.model,
        average,
        attrs.evolve(header, measures=measures),
        residual=residual,
        dtype=getattr(torch, config.weights),
    )
    yield progress(saved=True)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Warm-up, then half a cosine down to zero."""
    plan = config.train
    if step < plan.warm_up:
        return plan.learning_rate * (step + 1) / plan.warm_up
    part = (step - plan.warm_up) / max(plan.steps - plan.warm_up, 1)
    return plan.learning_rate * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * part))))


def _finite(loss: float, step: int) -> float:
    if not loss < float("inf"):
        raise UserError(f"The loss is {loss} at step {step}; lower train.learning_rate.")
    return loss


def _size(share: slice) -> int:
    return int(share.stop - share.start)


def _shares(config: TrainConfig, accelerator: Accelerator, length: int) -> list[slice]:
    """The parts of a batch of clips of that length that this process computes, one by one."""
    batch = config.train.batch
    if config.train.same_frames:
        batch = batch * config.train.frames // length
    size = batch // (accelerator.num_processes * config.train.accumulate)
    first = accelerator.process_index * config.train.accumulate
    parts = range(first, first + config.train.accumulate)
    return [slice(part * size, (part + 1) * size) for part in parts]


def _agreed(stop: Callable[[], bool], step: int, accelerator: Accelerator) -> bool:
    """Whether to stop; of several processes, whether any of them is to."""
    if accelerator.num_processes == 1:
        return stop()
    if step % AGREE_EVERY:
        return False
    wish = torch.tensor(float(stop()), device=accelerator.device)
    return bool(accelerator.reduce(wish, "sum") > 0)


def _follow(average: dict[str, Tensor], network: nn.Module, step: int, ema: float) -> None:
    """Move the average of the weights; a young one follows more closely than its decay says."""
    decay = min(ema, (1 + step) / (10 + step))
    weights = network.state_dict()
    moving = [name for name, tensor in average.items() if tensor.is_floating_point()]
    torch._foreach_lerp_(
        [average[name] for name in moving], [weights[name] for name in moving], 1 - decay
    )
    for name in average.keys() - set(moving):
        average[name].copy_(weights[name])


def _line(report: Progress, rate: float) -> dict[str, float]:
    return {
        "loss": report.loss,
        "steps_per_second": round(report.steps_per_second, 3),
        "learning_rate": rate,
    }


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
