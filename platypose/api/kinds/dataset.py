"""Motion data sets: recordings found and read, for training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from platypose.evidence import Evidence
    from platypose.motion.recording import Recording


@attrs.frozen(kw_only=True)
class Trial:
    """A recording that was found in a source and not yet read.

    Attributes:
        name: of the recording, the same in whatever archive it is found; unique in the data set.
        subject: the person.
        split: "train", "test", or another that was published; a person is in one of them only.
        source: the archive, folder or file that holds it.
        member: what to read inside `source`; empty where the source is the recording.
        action: what is done, where the data set says it.
    """

    name: str
    subject: str
    split: str
    source: Path
    member: str = ""
    action: str = ""

    def __str__(self) -> str:
        return f"{self.source}/{self.member}" if self.member else str(self.source)


@runtime_checkable
class Dataset(Protocol):
    """Finds the recordings of a published data set and reads them as joint positions.

    Checking, resampling, joining and writing them is the work of `platypose.motion.prepare`,
    which reads in several processes: an instance can be pickled.
    """

    @property
    def credit(self) -> str:
        """The sentence that the owners of the data ask for."""
        ...

    @property
    def licence(self) -> str:
        """The terms of the data, and what they ask of weights trained on them."""
        ...

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """Find recordings, without reading them.

        Arguments:
            sources: archives, folders or files as published.

        Returns:
            All of them. Where several have one name, the first is preferred.

        Raises:
            UserError: a source is missing, is not of this data set, or holds nothing of it.
        """
        ...

    def read(self, trial: Trial) -> Recording:
        """Read one recording.

        Raises:
            UserError: it is damaged or is not what its name says; it is then left out and the
                sentence is the reason.
        """
        ...


@runtime_checkable
class FilmedDataset(Dataset, Protocol):
    """A data set that also has what cameras saw, so that `platypose evaluate` can lift it."""

    def evidence(self, trial: Trial) -> Iterable[Evidence]:
        """What each camera saw of one recording, one evidence after another.

        Each has the `keypoints` (F, 1, K, 2) and the camera, which may move; and as the truth
        `joints_3d` (F, 17, 3), in the world in which the camera stands, z up. Its frames follow
        one another: a recording with frames that lack a truth or a detection is cut there.

        Raises:
            UserError: it is damaged, or there are no detections of it.
        """
        ...


@hookspec
def platypose_datasets() -> Iterable[Spec[Dataset]]:  # type: ignore[empty-body]
    """Data sets that this plugin offers."""


KIND: Kind[Dataset] = Kind(name="dataset", protocol=Dataset, hook=platypose_datasets)
