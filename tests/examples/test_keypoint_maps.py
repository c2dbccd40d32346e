"""On a real person, OpenPose's and BlazePose's keypoints are mapped onto the same joints."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _rows(text: str) -> dict[str, list[int]]:
    """Keypoint to three numbers, of a table with or without edges."""
    pattern = re.compile(r"^(?:\| )?(\w+) \| (\d+) \| (\d+) \| (\d+)(?: \|)?$", re.MULTILINE)
    return {name: [int(n) for n in numbers] for name, *numbers in pattern.findall(text)}


def test_the_detectors_agree_within_their_own_errors_and_as_the_docs_say() -> None:
    script = ROOT / "examples" / "keypoint_maps.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    measured = _rows(done.stdout)
    assert len(measured) == 13
    for name, (apart, one, other) in measured.items():
        assert apart <= math.hypot(one, other), name
    table = _rows((ROOT / "docs" / "keypoint-sets.md").read_text(encoding="utf-8"))
    assert measured.keys() == table.keys()
    for name, numbers in measured.items():
        assert all(abs(a - b) <= 1 for a, b in zip(numbers, table[name], strict=True)), name
