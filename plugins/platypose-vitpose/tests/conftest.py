"""Tiny networks with random weights, as a user has the real ones on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of a pose network and of a person detector."""
    import torch
    from transformers import (
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrImageProcessor,
        RTDetrResNetConfig,
        VitPoseConfig,
        VitPoseForPoseEstimation,
    )

    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    backbone = {
        "model_type": "vitpose_backbone",
        "image_size": [64, 48],
        "patch_size": [16, 16],
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "out_indices": [1],
    }
    pose = VitPoseConfig(backbone_config=backbone, num_labels=17)
    VitPoseForPoseEstimation(pose).save_pretrained(folder / "pose")
    resnet = RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 8, 8],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    finder = RTDetrConfig(
        backbone_config=resnet,
        encoder_in_channels=[8, 8, 8],
        encoder_hidden_dim=16,
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=5,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        num_denoising=0,
        id2label={0: "person", 1: "bicycle"},
        label2id={"person": 0, "bicycle": 1},
    )
    RTDetrForObjectDetection(finder).save_pretrained(folder / "finder")
    RTDetrImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder / "finder")
    return {"model": str(folder / "pose"), "person_detector": str(folder / "finder")}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No request leaves the machine."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
