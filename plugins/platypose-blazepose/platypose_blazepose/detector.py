"""People found, and followed from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from platypose.api import BuildContext, Detector, Frame, Person
from platypose.evidence.observed import heatmap_centres
from platypose.skeleton import keypoint_set
from platypose_blazepose.config import BlazePoseConfig
from platypose_blazepose.networks import Found, LandmarkNetwork, PersonNetwork
from platypose_blazepose.region import Region
from platypose_blazepose.weights import locate

MEDIAPIPE = keypoint_set("mediapipe-33")

PRESENT = 0.5
"""Least probability that a region shows a person."""

SAME = 0.5
"""Overlap from which two regions are taken for one person."""


def build(config: BlazePoseConfig, context: BuildContext) -> Detector:
    """The detector, with its weights loaded."""
    return BlazePose(config)


class BlazePose:
    """MediaPipe's pose model.

    Source: Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", arXiv
    2006.10204, and the model card of Pose GHUM.
    """

    keypoint_set = MEDIAPIPE.name
    keypoint_names = MEDIAPIPE.keypoints
    heatmap_size = 64, 64
    credit = "Keypoints by MediaPipe's BlazePose (Google, Apache-2.0)."

    def __init__(self, config: BlazePoseConfig) -> None:
        files = locate(config.model, config.weights)
        self.config = config
        self.people = PersonNetwork(files.detection, config.threads)
        self.landmarks = LandmarkNetwork(files.landmarks, config.threads)

    def detect(self, frames: Iterable[Frame]) -> Iterator[Sequence[Person]]:
        """Follow people, and search for others now and then."""
        regions: list[Region] = []
        followed = 0
        for count, frame in enumerate(frames):
            image = frame.image
            due = count % self.config.search == 0
            if not regions or (due and len(regions) < self.config.people):
                # In the frame after somebody was lost, the person is still there more often than
                # not; in an empty room, cutting up every frame would take long for nothing.
                thorough = due or followed > 0
                regions = self._searched(image, regions, self.config.tiles if thorough else 1)
            followed = len(regions)
            found = self._followed(image, regions)
            regions = [each.next_region for each in found]
            yield [_person(each) for each in found]

    def _searched(
        self, image: NDArray[np.uint8], known: Sequence[Region], finest: int
    ) -> list[Region]:
        """The known regions, then those of further people; tiles where there are none."""
        regions = list(known)
        for tiles in range(1, finest + 1):
            for _, region in sorted(self._in_tiles(image, tiles), key=lambda pair: -pair[0]):
                if all(region.overlap(other) < SAME for other in regions):
                    regions.append(region)
            if regions:
                break
        return regions[: self.config.people]

    def _in_tiles(self, image: NDArray[np.uint8], tiles: int) -> Iterator[tuple[float, Region]]:
        """What is found in tiles x tiles parts of a picture, which overlap by half."""
        height, width = (2 * side // (tiles + 1) for side in image.shape[:2])
        for row in range(tiles):
            for column in range(tiles):
                top, left = row * height // 2, column * width // 2
                tile = image[top : top + height, left : left + width]
                for score, region in self.people.find(tile):
                    x, y = region.centre
                    yield (
                        score,
                        Region(centre=(x + left, y + top), width=region.width, angle=region.angle),
                    )

    def _followed(self, image: NDArray[np.uint8], regions: Sequence[Region]) -> list[Found]:
        """What is in those regions that show a person, each person once."""
        size = image.shape[1], image.shape[0]
        found: list[Found] = []
        for region in regions:
            if not region.touches(size):
                continue
            each = self.landmarks.find(image, region)
            alone = all(each.next_region.overlap(f.next_region) < SAME for f in found)
            if each.presence >= PRESENT and alone:
                found.append(each)
        return found


def _person(found: Found) -> Person:
    """Keypoints from heatmaps.

    The network's own coordinates are not used: triangulated over four cameras, they lie further
    from another detector's than the heatmaps' centres of mass.
    """
    heatmaps = np.rint(255 * found.heatmaps).astype(np.uint8)
    points, peaks = heatmap_centres(heatmaps[None, None], found.cell_to_pixel[None, None, None])
    keypoints, confidence = points[0, 0], peaks[0, 0]
    return Person(
        keypoints=keypoints,
        confidence=confidence,
        box=np.concatenate([keypoints.min(0), keypoints.max(0)]),
        heatmaps=heatmaps,
        cell_to_pixel=found.cell_to_pixel,
    )
