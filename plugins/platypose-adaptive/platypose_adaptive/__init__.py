"""Preconditioned denoisers whose normalisations adapt to the noise level."""
