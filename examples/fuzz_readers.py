"""Feed mutated files to a reader until it does something else than read or refuse them.

Coverage of the readers guides the mutations; `pip install atheris` first. A small valid file of
the format is the start. Of JSON, every other mutation puts something strange into the place of a
value; the rest, and those of all other formats, are of bytes. What breaks a reader is kept as
crash-… in the current folder.

    python examples/fuzz_readers.py coco results.json --seconds 600
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["platypose_formats", "platypose.evidence"]):
    from platypose_formats import (  # noqa: F401
        alphapose,
        coco,
        deeplabcut,
        mediapipe,
        mmpose,
        openpose,
        videopose3d,
    )

    from platypose.api import Reader, UserError
    from platypose.config import choose
    from platypose.evidence.reading import read_evidence

STRANGE: tuple[Any, ...] = (
    *(None, True, "", "x", "1", {}, [], [[]], [None], 0, -1, 1, 2**31, 2**63, 10**400),
    *(0.5, 1e7, 1e-320, 1e308, -1e308, float("nan"), float("inf")),
)


def mutate(content: bytes, most: int, seed: int) -> bytes:
    """Change a value of a JSON document, or some bytes."""
    choice = random.Random(seed)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if choice.random() < 0.5 or not isinstance(document, (dict, list)):
        return bytes(atheris.Mutate(content, most))
    places = list(_places(document))
    if places:
        container, key = choice.choice(places)
        strange = [choice.choice(STRANGE) for _ in range(choice.randint(0, 2))]
        if isinstance(container, list):
            container[key : key + 1] = strange
        elif strange:
            container[key] = strange[0]
        else:
            del container[key]
    return json.dumps(document).encode()[:most]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner)


def main() -> None:
    """Run libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("format", help="as platypose lift --format takes it; platypose for its own")
    parser.add_argument("files", type=Path, nargs="+", help="valid ones, as small as possible")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--megabytes", type=int, default=2000, help="memory that is too much")
    options = parser.parse_args()

    chosen = None if options.format == "platypose" else choose(Reader, options.format)
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, file in enumerate(options.files):
        shutil.copy(file, corpus / str(number))
    mutated = folder / "mutated"

    def read(content: bytes) -> None:
        mutated.write_bytes(content)
        try:
            read_evidence(mutated, chosen)
        except UserError as error:
            assert "\n" not in str(error), error

    for file in options.files:  # what is imported on the way takes longer than a timeout
        read(file.read_bytes())
    libfuzzer = [
        *(f"-max_total_time={options.seconds}", f"-rss_limit_mb={options.megabytes}"),
        *("-timeout=10", "-max_len=65536", str(corpus)),
    ]
    atheris.Setup([sys.argv[0], *libfuzzer], read, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
