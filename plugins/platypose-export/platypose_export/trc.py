"""The writer `trc`: tracks of markers as OpenSim reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import TrcConfig
from platypose_export.motion import Array, motions, turned


@attrs.frozen(kw_only=True)
class Trc:
    """A `Writer` of TRC files, one a motion."""

    config: TrcConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write pose-NAME.trc.

        Raises:
            UserError: there is no such hypothesis.
        """
        paths = []
        for motion in motions(result, self.config):
            paths.append(folder / f"pose-{motion.name}.trc")
            millimetres = 1000 * turned(motion.joints, self.config.up)
            lines = _lines(millimetres, result.skeleton.joints, result.frame_rate, paths[-1].name)
            with paths[-1].open("w", encoding="utf-8", newline="") as file:
                file.writelines(line + "\r\n" for line in lines)
        return tuple(paths)


def build(config: TrcConfig, context: BuildContext) -> Trc:
    """The writer of `config`."""
    return Trc(config=config)


def _lines(markers: Array, names: tuple[str, ...], rate: float, file: str) -> Iterator[str]:
    """Five lines of header, an empty one, and a line a frame, separated by tabs."""
    frames, count = markers.shape[:2]
    yield f"PathFileType\t4\t(X/Y/Z)\t{file}"
    yield (
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\t"
        "OrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
    )
    yield f"{rate:.10g}\t{rate:.10g}\t{frames}\t{count}\tmm\t{rate:.10g}\t1\t{frames}"
    yield "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t"
    yield "\t\t" + "\t".join(f"X{k}\tY{k}\tZ{k}" for k in range(1, count + 1))
    yield ""
    for frame, places in enumerate(markers.reshape(frames, -1)):
        numbers = "\t".join(f"{value:.4f}" for value in places)
        yield f"{frame + 1}\t{frame / rate:.6f}\t{numbers}"
