"""The writer `c3d`."""

from __future__ import annotations

import textwrap
from pathlib import Path

import attrs
import ezc3d
import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import C3dConfig
from platypose_export.motion import Array, motions, turned

MOST_FRAMES = 65535
"""The header counts frames in 16 bits."""


@attrs.frozen(kw_only=True)
class C3d:
    """A `Writer` of C3D files, one a motion."""

    config: C3dConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write pose-NAME.c3d.

        Raises:
            UserError: there is no such hypothesis, or there are too many frames.
        """
        frames = result.samples.shape[1]
        if frames > MOST_FRAMES:
            raise UserError(
                f"A C3D file holds at most {MOST_FRAMES} frames, and the result has {frames}; "
                "export trc, or lift the clip in parts."
            )
        paths = []
        for motion in motions(result, self.config):
            paths.append(folder / f"pose-{motion.name}.c3d")
            self._write(result, 1000 * turned(motion.joints, self.config.up), paths[-1])
        return tuple(paths)

    def _write(self, result: Result, markers: Array, path: Path) -> None:
        file = ezc3d.c3d()
        point = file["parameters"]["POINT"]
        point["UNITS"]["value"] = ["mm"]
        point["RATE"]["value"] = [result.frame_rate]
        point["LABELS"]["value"] = list(result.skeleton.joints)
        file.add_parameter("POINT", "X_SCREEN", ["+X"])
        file.add_parameter("POINT", "Y_SCREEN", [f"+{self.config.up.upper()}"])
        # A text of C3D has at most 255 bytes.
        lines = textwrap.wrap(result.credit, 60)
        file.add_parameter("PLATYPOSE", "CREDIT", lines or [""])
        ones = np.ones((*markers.shape[:2], 1))
        file["data"]["points"] = np.concatenate([markers, ones], -1).transpose(2, 1, 0)
        file.write(str(path))


def build(config: C3dConfig, context: BuildContext) -> C3d:
    """The writer of `config`."""
    return C3d(config=config)
