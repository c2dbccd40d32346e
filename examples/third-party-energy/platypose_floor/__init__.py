"""A floor that feet do not sink into."""
