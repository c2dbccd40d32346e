"""Loggers and pictures follow a run and never change or end it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from safetensors.torch import load_file

from platypose.api import BuildContext, Config, Logger, UserError
from platypose.api.kinds.logger import KIND
from platypose.config import Chosen
from platypose.registry import plugins
from platypose.training import TrainConfig
from platypose.training.loop import train

CALLS: list[tuple[Any, ...]] = []


class Recorder:
    """A logger that remembers what it was told."""

    def __init__(self, config: Config, context: BuildContext) -> None:
        pass

    def start(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        CALLS.append(("start", folder.name, settings["seed"], step))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        CALLS.append(("scalars", step, dict(values)))

    def picture(self, step: int, name: str, path: Path) -> None:
        CALLS.append(("picture", step, name, path.name))

    def close(self) -> None:
        CALLS.append(("close",))


class Failing(Recorder):
    """A logger whose service breaks down."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        raise ConnectionError("the service is down")


class Refusing(Recorder):
    """A logger that lacks its package."""

    def start(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        raise UserError("The logger needs a package.")


@pytest.fixture(autouse=True)
def _loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("platypose.training.loop.LOG_EVERY", 5)
    registry = plugins().registry(KIND)
    before = list(registry.entries)
    for made in (Recorder, Failing, Refusing):
        registry.register(made.__name__.lower(), Config, made)
    CALLS.clear()
    yield
    registry.entries[:] = before


def chosen(*names: str) -> tuple[Chosen[Logger], ...]:
    return tuple(Chosen(name, Config()) for name in names)


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").open()]


def test_a_logger_is_told_what_metrics_jsonl_says(config: TrainConfig, tmp_path: Path) -> None:
    list(train(attrs.evolve(config, loggers=chosen("recorder")), tmp_path / "run"))
    told = [{"step": call[1]} | call[2] for call in CALLS if call[0] == "scalars"]
    assert told == lines(tmp_path / "run") and len(told) == 4
    assert CALLS[0] == ("start", "loggers", 3, 0) and CALLS[-1] == ("close",)


def test_a_logger_of_a_resumed_run_starts_at_the_checkpoint(
    config: TrainConfig, tmp_path: Path
) -> None:
    config = attrs.evolve(config, loggers=chosen("recorder"))
    run = train(config, tmp_path / "run")
    next(run)
    run.close()
    assert CALLS[-1] == ("close",)
    list(train(config, tmp_path / "run", resume=True))
    starts = [call for call in CALLS if call[0] == "start"]
    assert starts == [("start", "loggers", 3, 0), ("start", "loggers", 3, 5)]


def test_a_logger_that_fails_is_dropped_with_a_sentence_and_the_others_go_on(
    config: TrainConfig, tmp_path: Path
) -> None:
    told: list[str] = []
    config = attrs.evolve(config, loggers=chosen("failing", "recorder"))
    list(train(config, tmp_path / "run", tell=told.append))
    assert told == ["The logger 'failing' failed and logs no more: the service is down"]
    assert (
        len([call for call in CALLS if call[0] == "scalars"]) == len(lines(tmp_path / "run")) == 4
    )


def test_a_logger_that_cannot_start_ends_the_run_before_it_begins(
    config: TrainConfig, tmp_path: Path
) -> None:
    config = attrs.evolve(config, loggers=chosen("recorder", "refusing"))
    with pytest.raises(UserError, match="The logger needs a package"):
        list(train(config, tmp_path / "run"))
    assert CALLS[-1] == ("close",)
    assert not (tmp_path / "run").exists()


def test_a_logger_that_breaks_at_the_start_is_one_sentence(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: Recorder, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(Recorder, "start", start)
    with pytest.raises(UserError, match="The logger 'recorder' cannot start: no network"):
        list(train(attrs.evolve(config, loggers=chosen("recorder")), tmp_path / "run"))


def test_pictures_come_with_checkpoints_and_change_nothing(
    config: TrainConfig, tmp_path: Path
) -> None:
    pictured = attrs.evolve(config, pictures=True, loggers=chosen("recorder"))
    run = train(pictured, tmp_path / "pictured")
    for report in run:
        if report.step == 10:
            break
    run.close()
    list(train(pictured, tmp_path / "pictured", resume=True))
    pictures = sorted((tmp_path / "pictured" / "pictures").iterdir())
    assert [path.name for path in pictures] == ["samples-0000010.png", "samples-0000020.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert [call for call in CALLS if call[0] == "picture"] == [
        ("picture", 10, "samples", "samples-0000010.png"),
        ("picture", 20, "samples", "samples-0000020.png"),
    ]
    list(train(config, tmp_path / "plain"))
    a, b = (load_file(tmp_path / run / "model.safetensors") for run in ("pictured", "plain"))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_picture_that_fails_is_told_of_and_training_goes_on(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("no ink")

    monkeypatch.setattr("platypose.training.loop.draw_samples", fail)
    told: list[str] = []
    list(train(attrs.evolve(config, pictures=True), tmp_path / "run", tell=told.append))
    assert told == ["No picture of samples at step 20: no ink"]
    assert (tmp_path / "run" / "model.safetensors").is_file()
