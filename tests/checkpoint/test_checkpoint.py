from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from platypose.api import BuildContext, Config, Denoiser, Spec, UserError, field
from platypose.api.kinds.denoiser import KIND as DENOISER
from platypose.checkpoint import Header, read_header
from platypose.checkpoint.prior import Prior, load_prior, save_prior
from platypose.config import unstructure
from platypose.evidence import Evidence
from platypose.registry import Entry, discover, use
from platypose.testing import scene

Weights = dict[str, torch.Tensor]
CPU = torch.device("cpu")


def _load(path: Path) -> Prior:
    return load_prior(path, CPU, torch.float32)


def _raw(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        return dict(json.loads(file.metadata()["platypose"]))


def test_weights_and_header_come_back_as_they_were(tiny_prior: Path, tmp_path: Path) -> None:
    header, weights = read_header(tiny_prior), load_file(tiny_prior)
    header = attrs.evolve(header, credit="Zoë’s people", measures={"held-out": 1.5})
    save_prior(tmp_path / "again.safetensors", weights, header)
    assert read_header(tmp_path / "again.safetensors") == header
    loaded = _load(tmp_path / "again.safetensors")
    assert loaded.header == header and loaded.skeleton.name == "h36m-17"
    for name, tensor in loaded.denoiser.state_dict().items():
        assert torch.equal(tensor, weights[name])


def test_a_loaded_network_only_evaluates(tiny_prior: Path) -> None:
    network: Any = _load(tiny_prior).denoiser
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    x = torch.randn((2, 1, 17, 3), generator=torch.Generator().manual_seed(0))
    assert torch.equal(network(x, torch.ones(2)), network(x, torch.ones(2)))  # no dropout


def test_loading_uses_no_global_randomness(tiny_prior: Path) -> None:
    before = torch.get_rng_state()
    _load(tiny_prior)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_header_is_read_without_torch_and_numpy(tiny_prior: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from platypose.checkpoint import read_header;"
        f"read_header(Path({str(tiny_prior)!r}));"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_write_that_fails_in_the_middle_keeps_the_old_file(
    tiny_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(tiny_prior.read_bytes())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"model\.safetensors cannot be written \(No space left"):
        save_prior(path, {"a": torch.zeros(9)}, read_header(tiny_prior))
    assert path.read_bytes() == tiny_prior.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_keeps_the_old_file(
    tiny_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(tiny_prior.read_bytes())

    def interrupt(*arguments: object, **options: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("safetensors.torch.save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_prior(path, {"a": torch.zeros(9)}, read_header(tiny_prior))
    assert path.read_bytes() == tiny_prior.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


Change = Callable[[dict[str, Any], Weights], object]


def _component(**changes: Any) -> Change:
    return lambda header, weights: header["components"]["denoiser"].update(changes)


def _drop(weights: Weights) -> None:
    del weights["frame_in.bias"]


CHANGES: dict[str, tuple[Change, str]] = {
    "missing plugin": (
        _component(name="unet", distribution="platypose-unet"),
        "needs the denoiser 'unet' of platypose-unet, .*: pip install platypose-unet",
    ),
    "no schedule": (lambda h, w: h["components"].pop("schedule"), "names no schedule"),
    "newer format": (
        lambda h, w: h.update(format=3),
        "format 3; this platypose reads up to 2: .*pip install -U platypose",
    ),
    "format a word": (lambda h, w: h.update(format="new"), "checkpoint format 'new'"),
    "another kind": (lambda h, w: h.update(kind="thesis"), "holds 'thesis', not a prior"),
    "missing key": (
        lambda h, w: _drop(w),
        r"it lacks 'frame_in.bias' \(1 keys missing, 0 too many\)",
    ),
    "extra key": (
        lambda h, w: w.update(more=torch.zeros(1)),
        r"it holds 'more' \(0 keys missing, 1 too many\)",
    ),
    "wrong shape": (
        lambda h, w: w.update({"frame_in.bias": torch.zeros(7)}),
        r"'frame_in.bias' has shape \(7,\) instead of \(16,\)",
    ),
    "newer options": (_component(config_version=9), "up to version 1, not 9; upgrade it with"),
    "unknown option": (
        _component(config={"depth": 1}),
        "depth is unknown",
    ),
    "unknown skeleton": (lambda h, w: h.update(skeleton="smpl"), "no skeleton 'smpl'"),
    "field missing": (lambda h, w: h.pop("scale"), "scale is missing"),
    "field of another type": (lambda h, w: h.update(scale="big"), "scale is 'big' but needs"),
    "unknown field": (lambda h, w: h.update(mood=1), "mood is unknown"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_a_checkpoint_that_does_not_fit_is_one_sentence(
    change: Change, message: str, tiny_prior: Path, tmp_path: Path
) -> None:
    header, weights = _raw(tiny_prior), load_file(tiny_prior)
    change(header, weights)
    path = tmp_path / "model.safetensors"
    save_file(weights, path, metadata={"platypose": json.dumps(header)})
    with pytest.raises(UserError, match=message) as caught:
        _load(path)
    assert "\n" not in str(caught.value)


def _with_header(text: bytes, tail: bytes = b"") -> Callable[[Path, bytes], object]:
    return lambda path, good: path.write_bytes(len(text).to_bytes(8, "little") + text + tail)


FILES: dict[str, tuple[Callable[[Path, bytes], object], str]] = {
    "absent": (lambda p, good: None, "cannot be read"),
    "a folder": (lambda p, good: p.mkdir(), "cannot be read"),
    "empty": (lambda p, good: p.write_bytes(b""), "no safetensors file, or is cut short"),
    "text": (lambda p, good: p.write_text("hello\n" * 99), "no safetensors file, or is cut"),
    "cut in its header": (lambda p, good: p.write_bytes(good[:50]), "cut short"),
    "cut in its weights": (lambda p, good: p.write_bytes(good[:-9]), "is cut short: .* bytes of"),
    "longer than it says": (lambda p, good: p.write_bytes(good + b"more"), "bytes of"),
    "header no JSON": (_with_header(b"{{{{"), "is no safetensors file"),
    "header no text": (_with_header(b"\xff\xfe\x00\x01"), "is no safetensors file"),
    "header a list": (_with_header(b"[1]"), "none that platypose wrote"),
    "metadata a list": (_with_header(b'{"__metadata__": []}'), "none that platypose wrote"),
    "of somebody else": (_with_header(b'{"__metadata__": {"a": "b"}}'), "none that platypose"),
    "own header no JSON": (_with_header(b'{"__metadata__": {"platypose": "{"}}'), "malformed"),
    "own header a number": (_with_header(b'{"__metadata__": {"platypose": 3}}'), "malformed"),
    "own header a list": (_with_header(b'{"__metadata__": {"platypose": "[]"}}'), "no mapping"),
    "entry without place": (
        _with_header(b'{"__metadata__": {"platypose": "{}"}, "w": {}}'),
        "malformed",
    ),
    "evidence": (lambda p, good: scene.evidence(1).write(p), "holds 'evidence', not a prior"),
}


@pytest.mark.parametrize(("make", "message"), FILES.values(), ids=FILES.keys())
def test_a_wrong_file_is_one_sentence_that_names_it(
    make: Callable[[Path, bytes], object], message: str, tiny_prior: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    make(path, tiny_prior.read_bytes())
    for read in (read_header, _load):
        with pytest.raises(UserError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_an_evidence_reader_says_what_a_checkpoint_is(tiny_prior: Path) -> None:
    with pytest.raises(UserError, match="holds prior, not evidence"):
        Evidence.read(tiny_prior)


@attrs.frozen(kw_only=True)
class _SecondConfig(Config):
    width: int = field(4, doc="Of the network.")


class _Shrink(torch.nn.Module):
    def __init__(self, config: _SecondConfig, context: BuildContext) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(config.width))

    def forward(
        self, x: torch.Tensor, sigma: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        return x / (1 + sigma**2)[:, None, None, None]


def _migrate(options: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    assert version == 1
    return {"width": options["d_model"]}


@pytest.fixture(params=[_migrate, None], ids=["with migration", "without"])
def migrate(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A denoiser whose options are in their second version."""
    found = discover(["diffusion"])
    spec: Spec[Denoiser] = Spec(
        "shrink", _SecondConfig, _Shrink, "", config_version=2, migrate=request.param
    )
    found.registry(DENOISER).entries.append(Entry(spec=spec, distribution="shrinking", version="2"))
    use(found)
    yield request.param
    use(None)


def test_options_of_an_older_version_are_migrated(
    migrate: Any, tiny_prior: Path, tmp_path: Path
) -> None:
    raw = unstructure(read_header(tiny_prior))
    raw["components"]["denoiser"] = {
        "name": "shrink",
        "distribution": "shrinking",
        "version": "1",
        "config_version": 1,
        "config": {"d_model": 6},
    }
    weights = {"weight": torch.arange(6.0)}
    path = tmp_path / "old.safetensors"
    save_file(weights, path, metadata={"platypose": json.dumps(raw)})
    if migrate is None:
        with pytest.raises(UserError, match="can no longer read configurations of version 1"):
            _load(path)
        return
    loaded = _load(path)
    assert torch.equal(loaded.denoiser.state_dict()["weight"], weights["weight"])


def test_the_header_has_no_field_that_its_documentation_lacks() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "checkpoint-format.md").read_text()
    fields = [field.name for field in attrs.fields(Header)]
    assert len(fields) == 17
    assert [name for name in fields if f"`{name}`" not in documented] == []
