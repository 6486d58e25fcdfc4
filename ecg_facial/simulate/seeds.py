"""Independent random streams, each named by what it is for.

Input: the run's seed and a path of tags. Output: a generator that depends on nothing else, so that a trial is the
same whichever worker makes it and however many others there are. Streams of different domains never coincide: cohorts
start their path with ``"cohort"``, pretraining identities with another word.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=256)
def _tag_words(tag: str) -> tuple[int, int]:
    digest = hashlib.sha256(tag.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def make_rng(seed: int, *tags: str | int) -> np.random.Generator:
    """Make the generator of one named purpose.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or above.
    *tags : str or int
        Path of the stream, such as ``"cohort", 3, "trial", 2, 17, "beats"``. Words and numbers are kept apart.

    Examples
    --------
    >>> first = make_rng(0, "cohort", 1).random()
    >>> first == make_rng(0, "cohort", 1).random()
    True
    >>> first == make_rng(0, "pretraining", 1).random()
    False
    """
    spawn_key: list[int] = []
    for tag in tags:
        # A number is marked by a leading 0, a word by its two hash words, so that no path is a prefix trick of another.
        spawn_key += [0, tag] if isinstance(tag, int) else list(_tag_words(tag))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=spawn_key)))
