def lift() -> None:
    """."""
