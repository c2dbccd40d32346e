"""What a user of one of the loggers sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from platypose.api import BuildContext, Config, Logger, UserError
from platypose.api.kinds.logger import KIND
from platypose.config import Chosen
from platypose.registry import plugins
from platypose.skeleton import H36M_17


def build(name: str) -> Logger:
    registry = plugins().registry(KIND)
    config: Config = registry.configure(name, {})
    context = BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float32,
        generator=torch.Generator(),
    )
    return registry.build(Chosen(name, config), context)


@pytest.mark.parametrize("name", ["tensorboard", "trackio", "wandb"])
def test_a_missing_package_is_one_sentence_with_the_line_that_installs_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError) as caught:
        build(name).start(tmp_path, {}, 0)
    assert str(caught.value) == (
        f"The logger '{name}' needs a package: pip install \"platypose-loggers[{name}]\""
    )
    assert not list(tmp_path.iterdir())


def test_listing_the_loggers_imports_none_of_their_packages() -> None:
    code = (
        "import sys, platypose_loggers.plugin as p; list(p.platypose_loggers());"
        "print([m for m in ('torch', 'tensorboard', 'wandb', 'trackio', 'PIL') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tensorboard_shows_pictures_as_they_are_and_the_settings(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    Image.fromarray(pixels).save(tmp_path / "samples-0000010.png")
    logger = build("tensorboard")
    logger.start(tmp_path, {"train": {"steps": 20}}, 0)
    logger.picture(10, "samples", tmp_path / "samples-0000010.png")
    logger.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    (event,) = events.Images("samples")
    file = tmp_path / "shown.png"
    file.write_bytes(event.encoded_image_string)
    with Image.open(file) as shown:
        assert event.step == 10 and np.array_equal(np.asarray(shown), pixels)
    (text,) = events.Tensors("settings/text_summary")
    assert b'"steps": 20' in text.tensor_proto.string_val[0]
