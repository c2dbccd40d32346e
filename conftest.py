"""Checks that hold for the tests of the core and of every plugin."""

from __future__ import annotations

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

# A shape in a signature is then a checked fact. Modules imported before this stay unchecked.
install_import_hook(
    [
        "platypose.checkpoint",
        "platypose.evaluation",
        "platypose.lifting",
        "platypose.testing",
        "platypose.training",
        "platypose_adaptive",
        "platypose_cameras",
        "platypose_diffusion",
        "platypose_floor",
        "platypose_heatmap",
        "platypose_keypoints",
        "platypose_mdm",
    ],
    "beartype.beartype",
)

# Tests run beside other work, and their tensors are small.
torch.set_num_threads(1)

# The same examples on every machine, however slow.
settings.register_profile("platypose", deadline=None, derandomize=True)
settings.load_profile("platypose")
