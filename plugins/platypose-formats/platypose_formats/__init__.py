"""Readers of other people's 2D keypoints."""
