from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from platypose.evidence.grouping import group


def _group(evidence: dict[tuple[int, int], float], taken: list[set[int]]) -> list[int]:
    pairs = np.array(list(evidence), np.int64).reshape(-1, 2)
    labels: list[int] = group(pairs, np.array(list(evidence.values())), taken).tolist()
    return labels


def test_evidence_for_and_against_is_added_up() -> None:
    nowhere: list[set[int]] = [set(), set(), set()]
    assert _group({(0, 1): 3.0, (1, 2): 2.0, (0, 2): -1.0}, nowhere) == [0, 0, 0]
    assert _group({(0, 1): 3.0, (1, 2): 2.0, (0, 2): -4.0}, nowhere) == [0, 0, 1]


def test_two_pieces_at_one_place_are_two_people_whatever_speaks_for_one() -> None:
    evidence = {(0, 1): 9.0, (1, 2): 5.0}
    assert _group(evidence, [{7}, {8}, {7}]) == [0, 0, 1]


def test_pieces_without_evidence_stand_alone() -> None:
    assert _group({}, [{1}, {2}]) == [0, 1]
    assert _group({}, []) == []


def test_a_pair_that_is_named_twice_counts_twice() -> None:
    pairs = np.array([[0, 1], [1, 0]])
    assert group(pairs, np.array([3.0, -4.0]), [set(), set()]).tolist() == [0, 1]


@given(
    evidence=st.dictionaries(
        st.sampled_from(list(combinations(range(7), 2))), st.integers(-9, 9).map(float)
    ),
    places=st.lists(st.sets(st.integers(0, 5), max_size=2), min_size=7, max_size=7),
)
def test_groups_share_no_place_and_no_two_that_could_be_joined_should_be(
    evidence: dict[tuple[int, int], float], places: list[set[int]]
) -> None:
    labels = _group(evidence, places)
    for i, j in combinations(range(7), 2):
        if labels[i] == labels[j]:
            assert places[i].isdisjoint(places[j])
    members = {label: [i for i in range(7) if labels[i] == label] for label in labels}
    for one, other in combinations(members.values(), 2):
        taken = [set().union(*(places[i] for i in own)) for own in (one, other)]
        if taken[0].isdisjoint(taken[1]):
            joint = sum(evidence.get((min(i, j), max(i, j)), 0.0) for i in one for j in other)
            assert joint <= 0
