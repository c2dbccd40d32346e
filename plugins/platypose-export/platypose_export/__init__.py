"""A lifting result as files that other programs read."""
