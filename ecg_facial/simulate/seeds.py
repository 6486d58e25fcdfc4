"""Independent random streams, each with a name.

Input: the seed of the run, and the name of the stream as a path of tags. Output: a generator that depends on nothing
else, so that a trial is the same for any number of workers and of other trials. The first tag is the domain: cohorts
have ``"cohort"``, the identities of pretraining another word, so their streams never coincide.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=256)
def _tag_words(tag: str) -> tuple[int, int]:
    """Hash a word to two 32-bit numbers, which `SeedSequence` takes."""
    digest = hashlib.sha256(tag.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def make_rng(seed: int, *tags: str | int) -> np.random.Generator:
    """Make the generator of a named stream.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or above.
    *tags : str or int
        Path of the stream, such as ``"cohort", 3, "trial", 2, 17, "beats"``.

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
        # a leading 0 marks a number, so that a word and a number never give the same key
        spawn_key += [0, tag] if isinstance(tag, int) else list(_tag_words(tag))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=spawn_key)))
