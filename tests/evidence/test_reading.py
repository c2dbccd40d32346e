from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from platypose import Evidence
from platypose.api import BuildContext, Config, Reader, UserError
from platypose.api.kinds.reader import KIND
from platypose.config import choose
from platypose.evidence import Detections
from platypose.evidence.reading import read_evidence
from platypose.registry import Plugins, use
from platypose.testing import scene


@attrs.frozen
class Starts:
    """Knows files by how they start."""

    start: str

    def recognises(self, path: Path) -> bool:
        return path.read_text().startswith(self.start)

    def read(self, path: Path) -> Evidence:
        return attrs.evolve(scene.evidence(1), credit=f"read as {self.start}")


def reader(start: str) -> Callable[[Config, BuildContext], Reader]:
    return lambda config, context: Starts(start)


@pytest.fixture(autouse=True)
def readers() -> Iterator[None]:
    """A process whose only readers are these three; one of them stumbles over folders."""
    found = Plugins()
    for name, start in {"frog": "frog", "toad": "toad", "amphibian": "frog or toad"}.items():
        found.registry(KIND).register(name, Config, reader(start))
    use(found)
    yield
    use(None)


def _written(folder: Path, text: str) -> Path:
    (folder / "seen.txt").write_text(text)
    return folder / "seen.txt"


def _credit(content: Detections | Evidence) -> str:
    return content.credit


def test_the_one_reader_that_recognises_the_content_reads_it(tmp_path: Path) -> None:
    assert _credit(read_evidence(_written(tmp_path, "toad 1 2"))) == "read as toad"


def test_the_named_reader_is_not_asked_whether_it_recognises_it(tmp_path: Path) -> None:
    path = _written(tmp_path, "toad 1 2")
    assert _credit(read_evidence(path, choose(Reader, "frog"))) == "read as frog"


def test_two_that_recognise_it_ask_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"seen.txt may be amphibian or frog; say which with --for"):
        read_evidence(_written(tmp_path, "frog or toad"))


@pytest.mark.parametrize("text", ["", "newt", "PK\3\4newt", "\0" * 9])
def test_what_nobody_recognises_is_one_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_evidence(_written(tmp_path, text))
    message = str(caught.value)
    assert "seen.txt is no evidence file, or is damaged: it looks like none of" in message
    assert message.endswith("platypose, amphibian, frog, toad.")


def test_a_reader_that_stumbles_does_not_recognise_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no evidence file"):
        read_evidence(tmp_path)


@pytest.mark.parametrize("name", ["absent", "a" * 300])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(UserError, match="There is no file a"):
        read_evidence(Path(name))


@pytest.mark.parametrize("name", ["seen.safetensors", "seen.npz", "seen"])
def test_platypose_s_own_files_need_no_reader(name: str, tmp_path: Path) -> None:
    scene.evidence(1).write(tmp_path / name)
    assert isinstance(read_evidence(tmp_path / name), Evidence)
