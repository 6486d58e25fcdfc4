"""Trial ids that are unique in a data set.

Input: pairs of subject and trial name. Output: one id per pair.
"""

from __future__ import annotations

from collections.abc import Iterable


def make_unique(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Name each trial by its own name, or with the subject before it if two subjects share a name.

    Examples
    --------
    >>> make_unique([("anna", "a1"), ("ben", "b1")])
    {('anna', 'a1'): 'a1', ('ben', 'b1'): 'b1'}
    >>> make_unique([("anna", "1"), ("ben", "1"), ("ben", "2")])
    {('anna', '1'): 'anna-1', ('ben', '1'): 'ben-1', ('ben', '2'): 'ben-2'}
    """
    different = dict.fromkeys(pairs)
    shared = len({name for _, name in different}) < len(different)
    return {(subject, name): f"{subject}-{name}" if shared else name for subject, name in different}
