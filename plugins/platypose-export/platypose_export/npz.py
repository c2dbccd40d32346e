"""The writer `npz`."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import TableConfig
from platypose_export.statistics import LEVELS, statistics, times


@attrs.frozen(kw_only=True)
class Npz:
    """A `Writer` of one NPZ file; `numpy.load` reads it without unpickling."""

    config: TableConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write pose.npz."""
        found = statistics(result, self.config)
        path = folder / "pose.npz"
        np.savez_compressed(
            path,
            joints=found.joints,
            root=result.root,
            energy=result.energy,
            mean=found.mean,
            quantile_levels=np.array(LEVELS),
            quantiles=found.quantiles,
            covariance=found.covariance,
            time=times(result),
            frame_rate=np.array(result.frame_rate),
            joint_names=np.array(result.skeleton.joints),
            parents=np.array(result.skeleton.parents),
            origin=np.array(self.config.origin),
            credit=np.array(result.credit),
        )
        return (path,)


def build(config: TableConfig, context: BuildContext) -> Npz:
    """The writer of `config`."""
    return Npz(config=config)
