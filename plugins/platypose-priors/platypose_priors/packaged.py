"""Checkpoints that lie in this package. Imports no torch."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import attrs

from platypose.api import UserError


@attrs.frozen
class PackagedWeights:
    """The prior in the folder `name` of this package."""

    name: str

    def locate(self) -> Path:
        """The checkpoint file.

        Raises:
            UserError: it is not there.
        """
        path = Path(str(resources.files(__package__))) / self.name / "model.safetensors"
        if not path.is_file():
            raise UserError(
                f"{path}, the checkpoint of the prior {self.name!r}, is missing; install it anew "
                "with: pip install --force-reinstall --no-deps platypose-priors"
            )
        return path
