"""One recording as joint positions, before it is checked and resampled."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt


@attrs.frozen(kw_only=True, eq=False)
class Recording:
    """What a data set reads.

    Attributes:
        positions: (F, 17, 3) float64, the joints of the skeleton "h36m-17", metres, in a
            right-handed world with z up.
        frame_rate: frames a second, as recorded.
        toes: (F, 2, 3) of the left and the right foot, where the source has them; by them the
            check tells left from right.
        absolute: whether the positions stand where the person stood; false where the source gives
            them relative to the root, so that nothing is known of the floor or of travel.
    """

    positions: npt.NDArray[np.float64]
    frame_rate: float
    toes: npt.NDArray[np.float64] | None = None
    absolute: bool = True
