"""Which pieces of evidence are of one person: correlation clustering."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def group(
    pairs: NDArray[np.int64], nats: NDArray[np.float64], taken: Sequence[set[int]]
) -> NDArray[np.int64]:
    """Split N pieces into groups, so that the evidence within groups adds up to much.

    The pair, then the groups, for which the sum of the evidence is highest are joined, as long as
    that sum is above 0 and they have no place in common: greedy additive edge contraction (Keuper
    et al., Efficient Decomposition of Image and Mesh Graphs by Lifted Multicuts, ICCV 2015).

    Arguments:
        pairs: (E, 2) two pieces; those that are not named say nothing of one another.
        nats: (E,) evidence that they are of one person, of several where negative.
        taken: of each of the N pieces the places that it takes, such as a frame of a view.

    Returns:
        (N,) the group of each piece, 0 and up in the order of their first pieces.
    """
    count = len(taken)
    owner = np.arange(count)
    members = [[piece] for piece in range(count)]
    places = [set(own) for own in taken]
    near: list[dict[int, float]] = [{} for _ in range(count)]
    for (one, other), weight in zip(pairs.tolist(), nats.tolist()):
        near[one][other] = near[other][one] = near[one].get(other, 0.0) + weight
    heap = [
        (-weight, one, other)
        for one in range(count)
        for other, weight in near[one].items()
        if one < other and weight > 0
    ]
    heapq.heapify(heap)
    while heap:
        negative, one, other = heapq.heappop(heap)
        if near[one].get(other) != -negative:  # joined, or changed, since
            continue
        if not places[one].isdisjoint(places[other]):
            near[one][other] = near[other][one] = -math.inf
            continue
        if len(near[one]) < len(near[other]):
            one, other = other, one
        for third, weight in near[other].items():
            del near[third][other]
            if third == one:
                continue
            total = near[one].get(third, 0.0) + weight
            near[one][third] = near[third][one] = total
            if total > 0:
                heapq.heappush(heap, (-total, min(one, third), max(one, third)))
        near[other] = {}
        members[one] += members[other]
        places[one] |= places[other]
        members[other], places[other] = [], set()
    for group_of, own in enumerate(sorted(filter(None, members), key=min)):
        owner[own] = group_of
    return owner
