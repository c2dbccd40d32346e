"""MediaPipe's pose model as a detector for Platypose."""
