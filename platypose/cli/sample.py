def sample() -> None:
    """."""
