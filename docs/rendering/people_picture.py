"""Makes images/several-people.png: python docs/rendering/people_picture.py RESULT VIDEO….

RESULT is what `platypose lift --person all` wrote; the videos are those of the cameras, in order.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from platypose.lifting.saved import read_saved

TARGET = Path(__file__).parents[1] / "images" / "several-people.png"
FRAME = 30
WIDTH = 270
COLOURS = "#e8590c", "#1c7ed6", "#2f9e44"
LIMBS = (
    ("shoulder", "elbow"),
    ("elbow", "wrist"),
    ("hip", "knee"),
    ("knee", "ankle"),
    ("shoulder", "hip"),
)
ACROSS = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")


def bones(names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Pairs of keypoints to draw a line between."""
    sides = [(f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in LIMBS]
    known = [pair for pair in (*sides, *ACROSS) if set(pair) <= set(names)]
    return [(names.index(a), names.index(b)) for a, b in known]


def picture(folder: Path, videos: list[Path]) -> None:
    """Each camera's picture of one moment, with everybody's hypotheses on it."""
    people = [read_saved(path) for path in sorted(folder.glob("person-*"))]
    pictures = []
    for video in videos:
        with av.open(video) as container:
            frame = next(f for i, f in enumerate(container.decode(video=0)) if i == FRAME)
        image = frame.to_image().convert("L").convert("RGB")
        image = Image.blend(image, Image.new("RGB", image.size, "white"), 0.35)
        draw = ImageDraw.Draw(image)
        for saved, colour in zip(people, COLOURS):
            names = [camera.name.replace("_", "") for camera in saved.evidence.cameras]
            if video.stem not in names:
                continue
            at = FRAME - saved.evidence.first_frame
            for hypothesis in saved.result.projected[:, at, names.index(video.stem)]:
                for a, b in bones(saved.result.keypoint_names):
                    ends = np.concatenate([hypothesis[a], hypothesis[b]])
                    draw.line(ends.tolist(), fill=colour, width=5)
        pictures.append(image.resize((WIDTH, WIDTH * image.height // image.width)))
    sheet = Image.new("RGB", (len(videos) * WIDTH, min(image.height for image in pictures)))
    for number, image in enumerate(pictures):
        sheet.paste(image, (number * WIDTH, 0))
    sheet.quantize(96).save(TARGET, optimize=True)


if __name__ == "__main__":
    picture(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
