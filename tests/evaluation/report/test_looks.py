"""How models are told apart."""

from __future__ import annotations

from ecg_facial.evaluation.report.looks import looks_of

TWENTY = ["facial", "ecg", "fusion", *(f"other_{number}" for number in range(17))]


def test_twenty_models_have_a_marker_and_a_colour_each() -> None:
    looks = looks_of(TWENTY)
    # the marker alone tells them apart, so that a page in grey does too
    assert len({(look.marker, look.filled) for look in looks.values()}) == 20
    assert len({look.colour for look in looks.values()}) == 20


def test_more_models_than_markers_still_differ() -> None:
    looks = looks_of([f"model_{number}" for number in range(100)])
    assert len({(look.marker, look.filled, look.colour) for look in looks.values()}) == 100


def test_a_hollow_marker_has_the_colour_at_its_edge() -> None:
    hollow = next(look for look in looks_of(TWENTY).values() if not look.filled)
    assert (hollow.style["markerfacecolor"], hollow.style["markeredgecolor"]) == ("white", hollow.colour)


def test_a_long_name_keeps_its_end_which_tells_variants_apart() -> None:
    look = looks_of(["transformer_with_a_very_long_name_seed_1"])["transformer_with_a_very_long_name_seed_1"]
    assert len(look.short) == 28
    assert len(look.shorter) == 20
    assert look.short.endswith("_seed_1")
    assert look.shorter.endswith("seed_1")
