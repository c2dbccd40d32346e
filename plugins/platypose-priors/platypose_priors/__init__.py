"""Trained priors: a folder each, with the checkpoint and its model card."""
