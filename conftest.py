"""Checks that hold for the tests of the core and of every plugin."""

from __future__ import annotations

import torch
from jaxtyping import install_import_hook

# A shape in a signature is then a checked fact. Modules imported before this stay unchecked.
install_import_hook(
    [
        "platypose.checkpoint",
        "platypose.lifting",
        "platypose.testing",
        "platypose.training",
        "platypose_cameras",
        "platypose_diffusion",
        "platypose_heatmap",
        "platypose_keypoints",
        "platypose_mdm",
    ],
    "beartype.beartype",
)

# Tests run beside other work, and their tensors are small.
torch.set_num_threads(1)
