"""Who is held out for testing, by data set; everybody else is for training.

The lists are part of the package, so that two sets prepared anywhere have the same test people.
"""

from __future__ import annotations

CMU_TEST_SUBJECTS = frozenset({"05", "08", "16"})
"""Dance and walking; walking; jumps, turns, walking and running. No other trial is of them."""

CMU_ACTIONS_TEST_FOLDER = "test"
"""The published benchmark's own part; it names no people."""

HDM05_TEST_ACTORS = frozenset({"tr"})

UIPRMD_TEST_SUBJECTS = frozenset({"s09", "s10"})

REACTIDLE_TEST_RECORDINGS = frozenset({"012_acted", "012_genuine"})
"""One acted and one genuine. The published skeletons say that both are of one person (all bones
agree to 3 %) and that no other recording is of that person."""

H36M_TEST_SUBJECTS = frozenset({"S9", "S11"})
"""As in every publication on Human3.6M; S1, S5, S6, S7 and S8 are for training."""


def split_of(held_out: frozenset[str], name: str) -> str:
    """ "test" for a name that is held out, "train" for any other."""
    return "test" if name in held_out else "train"
