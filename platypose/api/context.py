"""What a component may know when it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import torch

    from platypose.evidence import Evidence
    from platypose.lifting.views import Views
    from platypose.skeleton import Skeleton


@attrs.frozen(kw_only=True)
class BuildContext:
    """Handed to every factory beside its configuration.

    Attributes:
        skeleton: the pose skeleton; `len(skeleton.joints)` is J.
        device: where the component's tensors live.
        dtype: the floating-point type of poses.
        generator: the source of randomness, on `device`.
        evidence: what was seen, with only the keypoints that `skeleton` can express; None when
            nothing is being lifted (training, unconditional sampling).
        views: the cameras of `evidence`, which project poses onto its keypoints; None where the
            evidence has no camera.
    """

    skeleton: Skeleton
    device: torch.device
    dtype: torch.dtype
    generator: torch.Generator
    evidence: Evidence | None = None
    views: Views | None = None
