"""People in a batch of frames, and then their keypoints."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import (
    AutoImageProcessor,
    AutoModelForObjectDetection,
    VitPoseForPoseEstimation,
)

from platypose.api import BuildContext, Detector, Frame, Person, UserError
from platypose.evidence.observed import heatmap_centres
from platypose.skeleton import keypoint_set
from platypose_vitpose.config import VitPoseConfig

COCO = keypoint_set("coco-17")

MARGIN = 1.25
"""Size of what the network sees in sizes of the person's box; ViTPose was trained with it."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours of ImageNet."""


def build(config: VitPoseConfig, context: BuildContext) -> Detector:
    """The detector, with its weights loaded onto the context's device."""
    return VitPose(config, context.device)


class VitPose:
    """ViTPose on the boxes of a person detector.

    Source: Xu et al., "ViTPose: Simple Vision Transformer Baselines for Human Pose Estimation",
    arXiv 2204.12484. Pixels and cells are aligned at the corners of the picture as in Huang et al.,
    "The Devil is in the Details", arXiv 1911.07524.

    Arguments:
        config: names of the networks.
        device: where they run.

    Raises:
        UserError: a network cannot be had, or is of another kind.
    """

    keypoint_set = COCO.name
    keypoint_names = COCO.keypoints
    credit = "Keypoints by ViTPose (Xu et al., Apache-2.0)."

    def __init__(self, config: VitPoseConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.pose = _loaded(VitPoseForPoseEstimation, config.model, device)
        self.finder = _loaded(AutoModelForObjectDetection, config.person_detector, device)
        self.prepare = _pretrained(AutoImageProcessor, config.person_detector)
        settings = self.pose.config
        if settings.num_labels != len(COCO.keypoints):
            raise UserError(
                f"The network {config.model} has {settings.num_labels} keypoints; those of COCO, "
                "17, are needed."
            )
        self.person = next(
            (i for i, name in self.finder.config.id2label.items() if name.lower() == "person"), None
        )
        if self.person is None:
            raise UserError(f"The network {config.person_detector} finds no class 'person'.")
        self.size: tuple[int, int] = tuple(settings.backbone_config.image_size)
        patch = settings.backbone_config.patch_size
        upscaled = settings.scale_factor
        self.heatmap_size = self.size[0] // patch[0] * upscaled, self.size[1] // patch[1] * upscaled
        self.experts = getattr(settings.backbone_config, "num_experts", 1) > 1

    def detect(self, frames: Iterable[Frame]) -> Iterator[Sequence[Person]]:
        """Look at a batch of frames at a time."""
        frames = iter(frames)
        while batch := list(itertools.islice(frames, self.config.batch)):
            images = [frame.image for frame in batch]
            yield from self._people(images, self._boxes(images))

    @torch.inference_mode()
    def _boxes(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float64]]:
        """Left, top, right and bottom of the people in each picture, (P, 4)."""
        inputs = self.prepare(images=list(images), return_tensors="pt").to(self.device)
        sizes = [image.shape[:2] for image in images]
        found = self.prepare.post_process_object_detection(
            self.finder(**inputs), threshold=self.config.score, target_sizes=sizes
        )
        boxes = []
        for each in found:
            people = each["labels"] == self.person
            best = each["scores"][people].argsort(descending=True)[: self.config.people]
            boxes.append(each["boxes"][people][best].double().cpu().numpy().reshape(-1, 4))
        return boxes

    @torch.inference_mode()
    def _people(
        self, images: Sequence[NDArray[np.uint8]], boxes: Sequence[NDArray[np.float64]]
    ) -> Iterator[list[Person]]:
        """The people of each picture."""
        maps = [_crop_to_image(box, self.size) for each in boxes for box in each]
        owners = [image for image, each in zip(images, boxes) for _ in each]
        heatmaps: list[NDArray[np.uint8]] = []
        cuts = [_cut(image, affine, self.size) for image, affine in zip(owners, maps)]
        for start in range(0, len(cuts), self.config.batch):
            pixels = torch.from_numpy(np.stack(cuts[start : start + self.config.batch]))
            more: dict[str, Any] = {}
            if self.experts:
                # The first expert is that of COCO.
                more["dataset_index"] = torch.zeros(len(pixels), dtype=torch.long).to(self.device)
            scores = self.pose(pixel_values=pixels.to(self.device), **more).heatmaps
            heatmaps += list((255 * scores.clamp(0, 1)).round().byte().cpu().numpy())
        cells = np.array(self.heatmap_size[::-1]) - 1
        pixels_a_cell = (np.array(self.size[::-1]) - 1) / cells
        people = iter(zip(heatmaps, maps))
        for each in boxes:
            yield [
                _person(box, *next(people), pixels_a_cell)  # as many as there are boxes
                for box in each
            ]


def _person(
    box: NDArray[np.float64],
    heatmaps: NDArray[np.uint8],
    crop_to_image: NDArray[np.float64],
    pixels_a_cell: NDArray[np.float64],
) -> Person:
    affine = crop_to_image.copy()
    affine[:, :2] *= pixels_a_cell
    points, peaks = heatmap_centres(heatmaps[None, None], affine[None, None, None])
    return Person(
        keypoints=points[0, 0],
        confidence=peaks[0, 0],
        box=box,
        heatmaps=heatmaps,
        cell_to_pixel=affine,
    )


def _crop_to_image(box: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Affine map (2, 3) from a pixel of what the network sees to one of the picture.

    Arguments:
        box: left, top, right and bottom, pixels.
        size: height and width of what the network sees, pixels.
    """
    sides = np.array(size[::-1])
    extent = np.maximum(box[2:] - box[:2], 1.0)
    # The least box of the network's proportions that holds the person's.
    extent = MARGIN * (extent / sides).max() * sides
    scale = extent / (sides - 1)
    shift = (box[:2] + box[2:]) / 2 - extent / 2
    return np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])


def _cut(
    image: NDArray[np.uint8], crop_to_image: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.float32]:
    """What the network sees, (3, height, width)."""
    cut = cv2.warpAffine(
        image,
        crop_to_image,
        size[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    scaled = (cut / 255 - np.array(MEAN)) / np.array(DEVIATION)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)


def _loaded(kind: Any, name: str, device: torch.device) -> Any:
    model = _pretrained(kind, name, use_safetensors=True)
    assert isinstance(model, nn.Module)
    return model.to(device).eval()


def _pretrained(kind: Any, name: str, **options: Any) -> Any:
    try:
        return kind.from_pretrained(name, **options)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(f"The network {name} cannot be loaded ({reason}).") from None
