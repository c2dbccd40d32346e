"""What keypoints, bones and motion say of a pose."""
