"""The motion diffusion transformer as a denoiser for Platypose."""
