"""Seeds that depend on what they are for, and on nothing that happened before."""

from __future__ import annotations

import hashlib


def seed_of(*parts: int | str) -> int:
    """A seed from 0 to 2⁶³ − 1, another for other parts.

    Drawing the random numbers of a step from `seed_of(seed, step)` makes them the same in every
    process and after every interruption.
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
