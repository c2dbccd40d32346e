"""What a detector's heatmaps say of a pose."""
