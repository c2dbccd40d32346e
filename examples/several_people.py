"""How well several people are told apart by several cameras.

Two to four people of the motion-capture excerpt move in one room, and two or four cameras with
known places see them. Keypoints have errors; people are missed in one frame of twenty and, in
every second frame, behind others; what is nobody is found now and then. People are followed by
Platypose in each view, or they come with names that the detector exchanges and changes. A
detection counts as right if it is with most of the others of the same person. Run it from the
repository:

    python examples/several_people.py --scenes 10
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from platypose.evidence import Detections, Track
from platypose.evidence.linking import tracks
from platypose.evidence.matching import people_across
from platypose.motion import MotionSet
from platypose.skeleton import keypoint_set
from platypose.testing.scene import FOCAL, SIZE, camera_at

Numbers = NDArray[np.float64]
People = Sequence[tuple[Track | None, ...]]

EXCERPT = Path(__file__).parent / "data" / "held-out-excerpt.safetensors"
NAMES = keypoint_set("h36m-17").keypoints
ROOM, APART = 1.5, 0.6
"""People begin within that of the room's middle, and stay that far apart, metres."""
MISSED, HIDDEN, ABSENT, NOBODY = 0.05, 0.5, 0.08, 0.02
"""How often a person is missed, and one behind another; a keypoint missing; nobody found."""


def crowd(number: int, frames: int, random: np.random.Generator) -> Numbers:
    """People who move without running into one another, (P, F, 17, 3), world metres."""
    motions = MotionSet.read(EXCERPT)
    clips = [clip for clip in motions.clips if clip.frames >= frames]
    people: list[Numbers] = []
    room = ROOM
    while len(people) < number:
        clip = clips[random.integers(len(clips))]
        start = clip.start + random.integers(clip.frames - frames + 1)
        person = motions.positions[start : start + frames].astype(np.float64)
        person -= person[:, :1].mean(0) * [1, 1, 0]
        turn = random.uniform(0, 2 * math.pi)
        cos, sin = math.cos(turn), math.sin(turn)
        person = person @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        person += [*random.uniform(-room, room, 2), 0]
        roots = [np.linalg.norm(person[:, 0, :2] - other[:, 0, :2], axis=-1) for other in people]
        if all(distance.min() > APART for distance in roots):
            people.append(person)
        room *= 1.01
    return np.stack(people)


class Scene:
    """People before cameras, what a detector sees of them, and who they are.

    Arguments:
        number: people.
        cameras: round the room.
        noise: of a keypoint, px.
        exchanges: how often, a frame, the detector exchanges two names, and gives a new one; None
            leaves names to Platypose.
        frames: of the videos.
        seed: of all randomness.
    """

    def __init__(
        self,
        number: int,
        cameras: int,
        noise: float,
        *,
        exchanges: float | None = None,
        frames: int = 60,
        seed: int = 0,
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.number, self.noise, self.frames = number, noise, frames
        people = crowd(number, frames, self.random)
        first = self.random.uniform(0, 2 * math.pi)
        self.cameras = []
        self.views: list[Detections] = []
        self.truth: list[dict[tuple[int, bytes], int]] = []
        for view in range(cameras):
            azimuth = first + 2 * math.pi * view / cameras + self.random.uniform(-0.3, 0.3)
            self.cameras.append(camera_at(str(view), azimuth, self.random.uniform(1.0, 2.5)))
            self._film(people, exchanges)

    def share_right(self, found: People) -> float:
        """The share of detections that are with most of the others of their person."""
        from scipy.optimize import linear_sum_assignment

        counts = np.zeros((self.number + 1, len(found)))  # the last is nobody
        for person, tracks_of in enumerate(found):
            for track, truth in zip(tracks_of, self.truth):
                if track is not None:
                    for frame, points in zip(track.frames.tolist(), track.keypoints):
                        counts[truth[frame, points.tobytes()], person] += 1
        rows, columns = linear_sum_assignment(-counts[:-1])
        seen = sum(who < self.number for truth in self.truth for who in truth.values())
        return float(counts[rows, columns].sum() / seen)

    def _film(self, people: Numbers, exchanges: float | None) -> None:
        """Add a view, of the last camera."""
        camera = self.cameras[-1]
        in_camera = people @ camera.rotation.T + camera.translation
        pixels = FOCAL * in_camera[..., :2] / in_camera[..., 2:] + SIZE / 2
        frames, points, confidence, who = [], [], [], []
        for frame in range(self.frames):
            there = [
                p
                for p in self.random.permutation(self.number)
                if self._found(p, frame, in_camera, pixels)
            ]
            for person in there:
                frames.append(frame)
                points.append(pixels[person, frame] + self.random.normal(0, self.noise, (17, 2)))
                confidence.append(np.where(self.random.random(17) < ABSENT, 0.0, 0.8))
                who.append(int(person))
            if self.random.random() < NOBODY:
                frames.append(frame)
                points.append(self.random.uniform(0, SIZE, 2) + self.random.normal(0, 60, (17, 2)))
                confidence.append(np.full(17, 0.3))
                who.append(self.number)
        xy, c = np.stack(points), np.stack(confidence)
        xy[c == 0] = 0
        names = None if exchanges is None else self._names(frames, who, exchanges)
        found = tracks(np.array(frames), xy, c, num_frames=self.frames, identities=names)
        self.views.append(
            Detections(
                keypoint_set="h36m-17",
                keypoint_names=NAMES,
                num_frames=self.frames,
                frame_rate=30.0,
                image_size=(SIZE, SIZE),
                people=found,
            )
        )
        self.truth.append({(f, p.tobytes()): w for f, p, w in zip(frames, xy, who)})

    def _found(self, person: int, frame: int, in_camera: Numbers, pixels: Numbers) -> bool:
        """Whether the detector finds somebody."""
        depth, centre = in_camera[:, frame, 0, 2], pixels[:, frame].mean(1)
        size = np.ptp(pixels[person, frame], axis=0).max() / 2
        away = np.linalg.norm(centre - centre[person], axis=-1)
        hidden = bool(((depth < depth[person]) & (away < 0.35 * size)).any())
        return self.random.random() > MISSED and not (hidden and self.random.random() < HIDDEN)

    def _names(self, frames: list[int], who: list[int], exchanges: float) -> list[str]:
        """Names as a bad tracker gives them."""
        called = [f"{person}" for person in range(self.number)]
        names, count = [""] * len(frames), self.number
        for frame in range(self.frames):
            if self.random.random() < exchanges:
                one, other = self.random.choice(self.number, 2, replace=False)
                called[one], called[other] = called[other], called[one]
            if self.random.random() < exchanges:
                called[self.random.integers(self.number)], count = f"{count}", count + 1
            for i in [i for i, of in enumerate(frames) if of == frame]:
                names[i] = called[who[i]] if who[i] < self.number else f"nobody {i}"
        return names


def main() -> None:
    """Print a table: the mean and the least share of detections that are right, in per cent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=10, help="of each kind")
    scenes = parser.parse_args().scenes
    print("cameras | people | noise, px | followed: mean | least | exchanged: mean | least")
    for cameras in (2, 4):
        for number in (2, 3, 4):
            for noise in (5.0, 10.0):
                numbers = []
                for exchanges in (None, 0.05):
                    share = []
                    for seed in range(scenes):
                        scene = Scene(number, cameras, noise, exchanges=exchanges, seed=seed)
                        found = people_across(scene.views, scene.cameras)
                        share.append(100 * scene.share_right([person for _, person in found]))
                    numbers += [f"{np.mean(share):.1f}", f"{np.min(share):.1f}"]
                print(" | ".join([str(cameras), str(number), f"{noise:g}", *numbers]), flush=True)


if __name__ == "__main__":
    main()
