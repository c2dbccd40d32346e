"""What a user can get wrong: one sentence that names it, exit code 2, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from platypose import Evidence
from platypose.testing import scene

Words = list[Any]
Make = Callable[[Path], Words]
"""Fills a folder and says what is typed there."""

LIFT = ("lift", "seen.safetensors", "--out", "out")


def _typed(*words: str) -> Make:
    return lambda folder: list(words)


def _lift(*words: str) -> Make:
    return _typed(*LIFT, *words)


def _evidence(**changes: Any) -> Make:
    """Evidence that is valid as a file but cannot be lifted."""

    def make(folder: Path) -> Words:
        attrs.evolve(scene.evidence(2), **changes).write(folder / "seen.safetensors")
        return [*LIFT, "--energy", "reprojection"]

    return make


def _stored(
    change: Callable[[dict[str, Any]], object] = lambda arrays: None,
    header: Callable[[dict[str, Any]], object] = lambda header: None,
) -> Make:
    """An evidence file that no `Evidence` would write."""

    def make(folder: Path) -> Words:
        path = folder / "seen.safetensors"
        with safe_open(path, framework="numpy") as file:
            content = json.loads(file.metadata()["platypose"])
        arrays = load_file(path)
        change(arrays)
        header(content)
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(arrays, path, metadata={"platypose": json.dumps(content)})
        return list(LIFT)

    return make


def _put(name: str, index: Any, value: float) -> Callable[[dict[str, Any]], object]:
    return lambda arrays: arrays[name].__setitem__(index, value)


def _file(name: str, content: bytes | str, *words: str) -> Make:
    def make(folder: Path) -> Words:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
        return list(words)

    return make


def _folder(name: str, *words: str) -> Make:
    def make(folder: Path) -> Words:
        (folder / name).mkdir()
        return list(words)

    return make


def _cut(folder: Path) -> Words:
    path = folder / "seen.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    return list(LIFT)


def _seen(*counts: int) -> Any:
    """Confidence that shows so many keypoints in each frame, to the first camera."""
    confidence = np.zeros((2, 2, 14))
    confidence[:, 0] = np.arange(14) < np.array(counts)[:, None]
    return confidence


def _empty_frames(arrays: dict[str, Any]) -> None:
    arrays.update({name: array[:0] for name, array in arrays.items()})


KEYPOINTS = {"heatmaps": None, "cell_to_pixel": None}
IMAGES = {"joints_3d": None, "joints_3d_mask": None}
TRAIN = ("train", "--out", "out", "--config")
GOOD_TRAINING = "denoiser: mdm\nschedule: cosine\ndata: [motion.safetensors]\ndevice: cpu\n"

CASES: dict[str, tuple[Make, str]] = {
    # files of evidence
    "no such evidence": (_typed("lift", "absent", "--out", "out"), "no file absent"),
    "evidence an empty file": (_file("seen.safetensors", b"", *LIFT), "seen.safetensors is no"),
    "evidence a text": (_file("seen.safetensors", "x,y\n" * 99, *LIFT), "seen.safetensors is no"),
    "evidence cut short": (_cut, "seen.safetensors is no evidence file, or is damaged"),
    "evidence a folder": (_folder("seen", "lift", "seen", "--out", "out"), "seen is no evidence"),
    "evidence a prior": (_typed("lift", "tiny.safetensors", "--out", "out"), "holds prior"),
    "evidence with a name too long": (_typed("lift", "a" * 300, "--out", "o"), "aaaa"),
    "no evidence": (_typed("lift", "--out", "out"), "EVIDENCE is missing"),
    "no out": (_typed("lift", "seen.safetensors"), "--out is missing"),
    # what the evidence holds
    "NaN keypoints": (_stored(_put("keypoints", (1, 0, 2, 0), np.nan)), "keypoints is NaN or inf"),
    "infinite keypoints": (_stored(_put("keypoints", 0, np.inf)), "keypoints is NaN or infinite"),
    "confidence above 1": (_stored(_put("confidence", 0, 1.5)), "confidence must lie between"),
    "negative heatmaps": (_stored(_put("heatmaps", 0, -1)), "heatmaps has scores below 0"),
    "zero frames": (_stored(_empty_frames), "has no frames"),
    "heatmaps of the wrong shape": (
        _stored(lambda a: a.update(heatmaps=a["heatmaps"][:, :, :, 0])),
        "heatmaps has shape",
    ),
    "fewer heatmaps than keypoints": (
        _stored(lambda a: a.update(heatmaps=a["heatmaps"][:, :, :5])),
        "heatmaps has shape",
    ),
    "fewer cameras than views": (
        _stored(header=lambda h: h["cameras"].pop()),
        r"keypoints has shape \(2, 2, 14, 2\) but needs \(2, 1, 14, 2\)",
    ),
    "more cameras than views": (
        _stored(header=lambda h: h["cameras"].append(h["cameras"][0])),
        r"keypoints has shape \(2, 2, 14, 2\) but needs \(2, 3, 14, 2\)",
    ),
    "an unknown camera model": (
        _stored(header=lambda h: h["cameras"][0].update(projection="fish-eye")),
        "seen.safetensors: .*no projection 'fish-eye'.*fisheye",
    ),
    "a camera without focal": (
        _stored(header=lambda h: h["cameras"][0]["parameters"].pop("focal")),
        "seen.safetensors: .*focal is missing",
    ),
    "an unknown keypoint set": (
        _stored(header=lambda h: h.update(keypoint_set="coco")),
        "seen.safetensors: There is no keypoint set 'coco'",
    ),
    "nobody in any frame": (
        _evidence(confidence=_seen(0, 0), **IMAGES),
        "No frame shows a person",
    ),
    "one joint only": (
        _evidence(confidence=_seen(1, 1), **IMAGES),
        "No frame shows the 3 keypoints",
    ),
    "eyes only": (
        _evidence(
            keypoint_names=("left_eye",),
            keypoints=np.zeros((2, 2, 1, 2)),
            confidence=None,
            covariance=None,
            **KEYPOINTS,
        ),
        "None of the keypoints",
    ),
    "joints of another skeleton": (
        _evidence(joints_3d=np.zeros((2, 5, 3)), joints_3d_mask=None),
        "joints_3d has 5 joints",
    ),
    # what the evidence lacks
    "heatmap energy on keypoints": (
        lambda f: [*_evidence(**KEYPOINTS)(f)[:-1], "heatmap"],
        "seen.safetensors: The energy heatmap needs evidence with heatmaps",
    ),
    "keypoint energy on heatmaps": (
        _evidence(keypoints=None, confidence=None, covariance=None),
        "seen.safetensors: The energy reprojection needs evidence with 2D keypoints",
    ),
    "known root that is not there": (
        lambda f: [*_evidence(root=None)(f), "--root", "known"],
        "--root known needs evidence with a root",
    ),
    # names
    "unknown energy": (_lift("--energy", "heatmaps"), "no energy 'heatmaps'.*did you mean heatmap"),
    "unknown energy option": (
        _lift("--energy", "reprojection:sigm=3"),
        "sigm is unknown .*did you mean sigma",
    ),
    "energy option out of range": (_lift("--energy", "reprojection:sigma=-3"), "sigma is -3"),
    "energy option no number": (_lift("--energy", "reprojection:sigma=big"), "sigma is 'big'"),
    "energy option malformed": (_lift("--energy", "reprojection:=3"), "reprojection:=3"),
    "unknown sampler": (_lift("--sampler", "guided_ddim"), "did you mean guided-ddim"),
    "unknown sampler option": (_lift("--sampler", "guided-ddim:step=3"), "step is unknown"),
    "too many levels skipped": (_lift("--sampler", "guided-ddim:skip=20"), "skip .* is 20"),
    "unknown writer": (_lift("--write", "picture"), "did you mean pictures"),
    "unknown reader": (_lift("--format", "openpoose"), "no reader 'openpoose'"),
    "unknown prior": (_lift("--prior", "pose-71"), "did you mean pose-17"),
    "no such prior file": (_lift("--prior", "runs/one"), "no prior at runs/one; the installed"),
    "prior that is evidence": (_lift("--prior", "seen.safetensors"), "holds 'evidence', not a pr"),
    "prior that is empty": (
        _file("p.safetensors", b"", *LIFT, "--prior", "p.safetensors"),
        "p.saf",
    ),
    # numbers and choices
    "no samples": (_lift("--samples", "0"), "samples is 0 but needs a whole number above 0"),
    "negative seed": (_lift("--seed", "-1"), "seed is -1 but needs a whole number from 0"),
    "huge seed": (_lift("--seed", str(2**70)), "seed is 1180591620717411303424 but needs"),
    "negative scale": (_lift("--energy-scale", "-1"), "energy_scale is -1.0 but needs"),
    "scale no number": (_lift("--energy-scale", "nan"), "energy_scale is NaN|energy_scale is nan"),
    "infinite scale": (_lift("--energy-scale", "inf"), "energy_scale is inf but needs"),
    "unknown root": (_lift("--root", "guess"), "root is 'guess' but needs one of unknown, known"),
    "unknown device": (_lift("--device", "gpu"), "device is 'gpu' but needs one of auto, cpu"),
    "unknown precision": (_lift("--precision", "float8"), "precision is 'float8' but needs one of"),
    # outputs
    "out below a file": (
        _typed("lift", "seen.safetensors", "--out", "seen.safetensors/out"),
        "--out seen.safetensors/out cannot be written",
    ),
    "out a file": (_typed("lift", "seen.safetensors", "--out", "seen.safetensors"), "exists alr"),
    "out a full folder": (_typed("lift", "seen.safetensors", "--out", "."), "exists already; name"),
    "out with a name too long": (_typed("lift", "seen.safetensors", "--out", "a" * 300), "aaaa"),
    # configurations
    "no such config": (_lift("--config", "absent.yaml"), "absent.yaml cannot be read"),
    "config a folder": (_folder("c", *LIFT, "--config", "c"), "c cannot be read"),
    "config no YAML": (_file("c.yaml", "a: [1,", *LIFT, "--config", "c.yaml"), "c.yaml, line"),
    "config a list": (
        _file("c.yaml", "- 1", *LIFT, "--config", "c.yaml"),
        "c.yaml must hold",
    ),
    "config binary": (
        _file("c.yaml", b"\xff\xfe\x00\x80", *LIFT, "--config", "c.yaml"),
        "c.yaml is no text file",
    ),
    "config runs code": (
        _file("c.yaml", "a: !!python/object/apply:os.system [x]", *LIFT, "--config", "c.yaml"),
        "c.yaml, line 1",
    ),
    "config with an unknown field": (
        _file("c.yaml", "sample: 3", *LIFT, "--config", "c.yaml"),
        r"c.yaml: sample is unknown \(did you mean .*samples",
    ),
    "config with many faults": (
        _file("c.yaml", "sample: 3\nseed: x\nenergies: heatmap", *LIFT, "--config", "c.yaml"),
        r"c.yaml has 3 errors:\n(.*\n)*  energies is 'heatmap' but needs a list",
    ),
    "set without a value": (_lift("--set", "samples"), "--set samples must have the form"),
    "set without a name": (_lift("--set", "=3"), "--set =3 must have the form"),
    "set of an unknown field": (_lift("--set", "sample=3"), "sample is unknown"),
    "set that is no YAML": (_lift("--set", "samples=[1"), r"--set samples=\[1.* is not valid YAML"),
    "set through a number": (_lift("--set", "samples.a=1", "--samples", "3"), "samples is 3"),
    "set past a list": (_lift("--set", "write.7=pictures"), "'7' is no index of a list"),
    # the other commands
    "sample nothing": (
        _typed("sample", "--prior", "tiny.safetensors", "-n", "0", "--out", "out"),
        "samples is 0",
    ),
    "sample no frames": (_typed("sample", "--frames", "0", "--out", "out"), "frames is 0"),
    "sample into a full folder": (_typed("sample", "--out", "."), "exists already"),
    "sample an unknown prior": (_typed("sample", "--prior", "cmu", "--out", "out"), "'cmu'"),
    "train without config": (_typed("train", "--out", "out"), "--config is missing"),
    "train with no data": (
        _file("t.yaml", GOOD_TRAINING, *TRAIN, "t.yaml"),
        "motion.safetensors does not exist",
    ),
    "train with an empty list of data": (
        _file("t.yaml", GOOD_TRAINING.replace("motion.safetensors", ""), *TRAIN, "t.yaml"),
        "data is .* but needs at least one file",
    ),
    "train on evidence": (
        _file("t.yaml", GOOD_TRAINING.replace("motion", "seen"), *TRAIN, "t.yaml"),
        'seen.safetensors is a file of kind "evidence", not a motion set',
    ),
    "train with fields missing": (
        _file("t.yaml", "schedule: cosine", *TRAIN, "t.yaml"),
        "t.yaml has 2 errors:(.*\n)*  denoiser is missing",
    ),
    "train an unknown network": (
        _file("t.yaml", GOOD_TRAINING.replace("mdm", "mdn"), *TRAIN, "t.yaml"),
        "no denoiser 'mdn'.*did you mean mdm",
    ),
    "train into a deep new folder in vain": (
        _file("t.yaml", GOOD_TRAINING, "train", "--out", "a/b/c", "--config", "t.yaml"),
        "motion.safetensors does not exist",
    ),
    "train below a file": (
        _file("t.yaml", GOOD_TRAINING, "train", "--out", "t.yaml/out", "--config", "t.yaml"),
        "t.yaml/out cannot be made",
    ),
    "resume nothing": (_typed("train", "--out", "out", "--resume"), "out holds no run"),
    "resume what never began": (
        _file("t.yaml", GOOD_TRAINING, *TRAIN, "t.yaml", "--resume"),
        "motion.safetensors does not exist",
    ),
    "prepare an unknown data set": (
        _typed("data", "prepare", "cmuu", ".", "--out", "m.safetensors"),
        "no dataset 'cmuu'.*did you mean cmu",
    ),
    "prepare a missing source": (
        _typed("data", "prepare", "cmu", "absent.zip", "--out", "m.safetensors"),
        "absent.zip does not exist",
    ),
    "prepare an empty folder": (
        _folder("bvh", "data", "prepare", "cmu", "bvh", "--out", "m.safetensors"),
        "bvh holds no CMU trial",
    ),
    "prepare what is no archive": (
        _typed("data", "prepare", "cmu", "seen.safetensors", "--out", "m.safetensors"),
        "seen.safetensors cannot be read as a zip archive",
    ),
    "prepare into a folder": (
        _typed("data", "prepare", "cmu", "absent.zip", "--out", "."),
        "--out . must be a file name in a folder that exists",
    ),
    "report on evidence": (_typed("data", "report", "seen.safetensors"), "not a motion set"),
    "report on nothing": (_typed("data", "report", "absent"), "absent does not exist"),
    "checkpoint of evidence": (_typed("checkpoint", "seen.safetensors"), "holds 'evidence'"),
    "checkpoint of nothing": (_typed("checkpoint", "absent"), "absent cannot be read"),
    "checkpoint of a folder": (_typed("checkpoint", "."), ". cannot be read"),
    "show an unknown kind": (_typed("show", "energies", "heatmap"), "did you mean energy"),
    "show an unknown name": (_typed("show", "energy", "heatmp"), "did you mean heatmap"),
}
if not torch.cuda.is_available():
    CASES["no GPU"] = (_lift("--device", "cuda"), "--device cuda: this machine has none")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: Path, tiny_prior: Path) -> Path:
    """Where the command is typed: with valid evidence and a prior."""
    (tmp_path / "seen.safetensors").write_bytes(seen.read_bytes())
    (tmp_path / "tiny.safetensors").write_bytes(tiny_prior.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _contents(folder: Path) -> dict[Path, bytes | None]:
    return {p: p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def _words(make: Make, folder: Path) -> Words:
    words = make(folder)
    if words[0] == "lift" and "--prior" not in words:
        words += ["--prior", "tiny.safetensors"]
    return words


@pytest.mark.parametrize(("make", "message"), CASES.values(), ids=CASES.keys())
def test_one_sentence_exit_code_2_and_nothing_left_behind(
    make: Make, message: str, run: Callable[..., Any], folder: Path
) -> None:
    import re

    words = _words(make, folder)
    before = _contents(folder)
    done = run(*words)
    assert done.code == 2, done.err
    assert done.err.count("Error:") == 1 and "Traceback" not in done.out + done.err
    sentence = done.err[done.err.index("Error:") :]
    assert re.search(message, sentence), sentence
    assert sentence.rstrip().endswith(".") or "errors:" in sentence
    assert _contents(folder) == before


@pytest.mark.parametrize("name", ["NaN keypoints", "out below a file"])
def test_the_installed_command_says_the_same(name: str, folder: Path) -> None:
    make, _ = CASES[name]
    words = _words(make, folder)
    before = _contents(folder)
    code = "import platypose.cli; platypose.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
    )
    assert done.returncode == 2
    assert "Error:" in done.stderr and "Traceback" not in done.stderr
    assert _contents(folder) == before


@pytest.mark.parametrize(
    "words", [("lift", "--sample", "3"), ("lyft",), ("lift", "--samples", "many"), ("show",)]
)
def test_words_that_are_no_options_or_commands(
    words: tuple[str, ...], run: Callable[..., Any], folder: Path
) -> None:
    done = run(*words)
    assert done.code == 2 and "Usage:" in done.err and "Traceback" not in done.err


def test_the_valid_evidence_of_the_table_can_be_lifted(
    run: Callable[..., Any], folder: Path
) -> None:
    quick = ("--sampler", "guided-ddim:levels=ddim2,skip=0,substeps=1", "--samples", "2")
    done = run(*LIFT, "--prior", "tiny.safetensors", "--write", "none", *quick)
    assert done.code == 0, done.err
    assert Evidence.read(folder / "seen.safetensors").num_frames == 2
