"""Labels: words and ratings are of the same class however people write them."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
from fuzzing import attempt, attempt_and_read

from ecg_facial.datasets.labelling import Labelling, find_classes
from ecg_facial.datasets.settings import SCALES, LabelSettings

WORDS = ("no pain", "mild", "mäßig", "severe", "très fort", "none", "10 of 10", "unerträglich")
FOREIGN = ("", "nan", "BL1", "REST", "7/11", "5-6", "--", "12 mV", "1e400", "p_1", "IV", "x" * 5000)


def spell_word(word: str, rng: np.random.Generator) -> str:
    """Write a word as tables do: letter case, blanks, Unicode form."""
    cased = str(rng.choice([word, word.upper(), word.capitalize(), word.title()]))
    form = "NFC" if rng.random() < 0.5 else "NFD"
    # what joins words does not join numbers
    joints = [" ", "  ", "\u00a0", "\t", *([] if any(map(str.isdigit, word)) else ["_", "-", "\u2010"])]
    blanks = str(rng.choice(joints))
    ends = rng.choice(["", " ", "\u00a0"], 2)
    return ends[0] + unicodedata.normalize(form, cased.replace("SS", "ß")).replace(" ", blanks) + ends[1]


def test_a_rating_is_of_one_class_however_it_is_written(rng: np.random.Generator) -> None:
    name = str(rng.choice(list(SCALES)))
    low, high = SCALES[name]
    cut = np.sort(rng.choice(np.arange(low + 1, high + 1), rng.integers(1, 5), replace=False))
    values = rng.integers(low, high + 1, 12).astype(float)
    comma = rng.random() < 0.5
    spelt = [f"{value:.1f}".replace(".", ",") if comma else f"{value:g}" for value in values]
    end = str(rng.choice(["", "", f"/{high:g}", f" / {high:g}", f" of {high:g}", f" von {high:g}"]))
    spelt = [f"{label}{end}" for label in spelt]
    settings = LabelSettings(cut=tuple(cut.tolist()), scale=name)
    found = attempt_and_read(lambda: find_classes(Counter(spelt), settings))
    assert len(found.class_names) == len(cut) + 1
    for label, value in zip(spelt, values, strict=True):
        # a rating equal to a cut belongs to the upper class
        assert found.find(label) == found.class_names[int((cut <= value).sum())]


def test_a_word_is_of_one_class_however_it_is_written(rng: np.random.Generator) -> None:
    names = tuple(str(word) for word in rng.permutation(WORDS)[: rng.integers(2, len(WORDS))])
    spelt = {spell_word(name, rng): name for name in names for _ in range(2)}
    found = attempt_and_read(lambda: find_classes(dict.fromkeys(spelt, 1), LabelSettings(classes=names)))
    assert {label: found.find(label) for label in spelt} == spelt


def test_what_is_no_label_is_never_a_class(rng: np.random.Generator) -> None:
    strange = [str(word) for word in rng.permutation(FOREIGN)[:3]]
    counts = dict.fromkeys(["3", "4", *strange], 1)
    settings = LabelSettings(cut=(1, 4)) if rng.random() < 0.5 else LabelSettings(classes=("3", "4"))
    found = attempt(lambda: find_classes(counts, settings))
    if isinstance(found, Labelling):
        assert set(found.classes) == {"3", "4"}
        assert set(found.refused) == set(strange)
        assert max(map(len, (*found.refused.values(), *found.notes))) < 600
