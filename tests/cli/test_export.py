"""`platypose export`: files beside a result, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from platypose.api import Config, UserError
from platypose.api.kinds.writer import KIND as WRITER
from platypose.evidence import Evidence
from platypose.lifting import Result
from platypose.registry import plugins, use
from platypose.skeleton import H36M_17
from platypose.testing import scene

Run = Callable[..., Any]


@pytest.fixture
def lifted(tmp_path: Path) -> Path:
    """The folder of a run, with its result alone."""
    random = np.random.default_rng(0)
    standing = np.array(H36M_17.standing, np.float32)
    samples = standing + 0.02 * random.standard_normal((3, 4, 17, 3)).astype(np.float32)
    folder = tmp_path / "lifted"
    folder.mkdir()
    Result(
        samples=samples - samples[:, :, :1],
        root=np.zeros((3, 4, 3), np.float32),
        energy=random.uniform(1, 2, (3, 4)).astype(np.float32),
        skeleton=H36M_17,
        frame_rate=30.0,
        credit="Nobody.",
        projected=np.zeros((3, 4, 0, 0, 2), np.float32),
        observed=np.zeros((4, 0, 0, 2), np.float32),
        weights=np.zeros((4, 0, 0), np.float32),
        keypoint_names=(),
    ).write(folder / "samples.safetensors")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_are_written_into_the_result(run: Run, lifted: Path) -> None:
    before = content(lifted)
    done = run("export", lifted, "--to", "bvh,trc,c3d,gltf", "--to", "csv")
    assert done.code == 0, done.err
    names = {"pose-mean.bvh", "pose-mean.trc", "pose-mean.c3d", "pose-mean.glb"}
    assert set(content(lifted)) - set(before) == names | {"hypotheses.csv", "joints.csv"}
    for name in names:
        assert f"Wrote {lifted / name}\n" in done.out
    assert content(lifted)["samples.safetensors"] == before["samples.safetensors"]


def test_the_result_may_be_named_by_its_file_and_the_folder_be_another(
    run: Run, lifted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "files"
    done = run("export", lifted / "samples.safetensors", "--to", "trc", "--out", out)
    assert done.code == 0, done.err
    assert list(content(out)) == ["pose-mean.trc"]
    assert list(content(lifted)) == ["samples.safetensors"]


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ("best", {"pose-best.trc", "pose-best.glb"}),
        ("2", {"pose-2.trc", "pose-2.glb"}),
        ("all", {"pose-0.trc", "pose-1.trc", "pose-2.trc", "pose-all.glb"}),
    ],
)
def test_which_is_for_every_writer_of_motions(
    run: Run, lifted: Path, tmp_path: Path, which: str, names: set[str]
) -> None:
    words = ("--to", "trc,gltf,npz", "--which", which)
    assert run("export", lifted, *words, "--out", tmp_path / "out").code == 0
    assert set(content(tmp_path / "out")) == names | {"pose.npz"}


def test_options_follow_the_writer_that_they_are_of(run: Run, lifted: Path, tmp_path: Path) -> None:
    words = ("--to", "bvh:hypothesis=1,up=z,trc", "--which", "best")
    assert run("export", lifted, *words, "--out", tmp_path / "out").code == 0
    assert set(content(tmp_path / "out")) == {"pose-1.bvh", "pose-best.trc"}


def test_a_file_that_is_there_is_replaced_by_force_alone(run: Run, lifted: Path) -> None:
    (lifted / "pose-mean.trc").write_text("mine")
    before = content(lifted)
    done = run("export", lifted, "--to", "bvh,trc")
    assert done.code == 2
    assert "pose-mean.trc exists already" in done.err and "--force" in done.err
    assert content(lifted) == before
    assert run("export", lifted, "--to", "bvh,trc", "--force").code == 0
    assert set(content(lifted)) == {"samples.safetensors", "pose-mean.bvh", "pose-mean.trc"}
    assert content(lifted)["pose-mean.trc"].startswith(b"PathFileType")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "pdf"), "There is no writer 'pdf'"),
        (("--to", "trc,,bvh"), "There is no writer ''"),
        (("--to", "trc=1"), "--to: 'trc=1' must have the form"),
        (("--to", "trc:above=y"), "--to trc: above is unknown"),
        (("--to", "trc", "--which", "median"), "--which is 'median' but needs mean, best, all or"),
        (("--to", "trc", "--which", "7"), "There is no hypothesis 7; the result has 3"),
        (("--to", "csv", "--which", "best"), "none of the writers in --to writes a motion"),
        (("--to", "trc,trc:up=z"), "Two of the writers write pose-mean.trc"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    run: Run, lifted: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    before = content(lifted)
    done = run("export", lifted, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err and done.err.count("\n") == 1
    assert content(lifted) == before
    assert run("export", lifted, *words, "--out", tmp_path / "a" / "b").code == 2
    assert not (tmp_path / "a").exists()


class _Credits:
    """Writes whose keypoints it was given."""

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        (folder / "credit.txt").write_text("none" if evidence is None else evidence.credit)
        return (folder / "credit.txt",)


@pytest.fixture
def credits_writer() -> Iterator[str]:
    plugins().registry(WRITER).register("credits", Config, lambda config, context: _Credits())
    yield "credits"
    use(None)


def test_writers_are_given_the_evidence_while_it_is_there(
    run: Run, lifted: Path, tmp_path: Path, credits_writer: str
) -> None:
    path = tmp_path / "seen.safetensors"
    evidence = attrs.evolve(scene.evidence(4), credit="Somebody.")
    evidence.write(path)
    (lifted / "config.yaml").write_text(
        f"evidence: ['{path}']\nsampler: guided-ddim\nprior: pose-17\n"
    )
    done = run("export", lifted / "samples.safetensors", "--to", credits_writer)
    assert (done.code, done.err) == (0, "")
    assert content(lifted)["credit.txt"] == b"Somebody."
    path.unlink()
    done = run("export", lifted, "--to", credits_writer, "--force")
    assert done.code == 0 and str(path) in done.err and done.err.count("\n") == 1
    assert content(lifted)["credit.txt"] == b"none"


class _Broken:
    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        (folder / "half.txt").write_text("half")
        raise UserError("The pen is empty.")


@pytest.fixture
def broken() -> Iterator[str]:
    plugins().registry(WRITER).register("broken", Config, lambda config, context: _Broken())
    yield "broken"
    use(None)


def test_a_writer_that_fails_leaves_nothing(run: Run, lifted: Path, broken: str) -> None:
    before = content(lifted)
    done = run("export", lifted, "--to", f"trc,{broken}")
    assert done.code == 2 and "The pen is empty" in done.err
    assert content(lifted) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": None}, "is no result file, or is damaged"),
        ({"root": np.zeros((3, 4, 2), np.float32)}, r"root has shape (3, 4, 2), not (3, 4, 3)"),
        ({"energy": np.full((3, 4), np.nan, np.float32)}, "energy holds numbers that are not"),
        ({"samples": np.zeros((0, 4, 17, 3), np.float32)}, "samples has shape (0, 4, 17, 3)"),
    ],
)
def test_a_damaged_result_is_one_sentence(
    run: Run, lifted: Path, change: dict[str, Any], message: str
) -> None:
    from safetensors import safe_open

    path = lifted / "samples.safetensors"
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    arrays = load_file(path) | change
    save_file({k: v for k, v in arrays.items() if v is not None}, path, metadata=metadata)
    done = run("export", lifted, "--to", "trc")
    assert done.code == 2 and message in done.err and done.err.count("\n") == 1


def test_another_file_or_none_is_one_sentence(run: Run, seen: Path, tmp_path: Path) -> None:
    for path, message in (
        (seen, "is no result of format 1"),
        (tmp_path / "absent", "There is no file or folder"),
        (tmp_path, f"{tmp_path} holds no samples.safetensors"),
    ):
        done = run("export", path, "--to", "trc")
        assert done.code == 2 and message in done.err
