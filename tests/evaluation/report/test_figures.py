"""Figures of many models can be read."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from fontTools import subset
from many_models import TWENTY, make_many

from ecg_facial.evaluation.report.figure_style import to_pdf, to_svg
from ecg_facial.evaluation.report.figures import draw_models
from ecg_facial.evaluation.report.figures_calibration import draw_risk_coverage
from ecg_facial.evaluation.report.figures_comparison import draw_ranks
from ecg_facial.evaluation.report.looks import looks_of


def test_numbers_and_names_of_many_ranks_do_not_cover_each_other() -> None:
    names = [f"landmarks_and_head_pose:gradient_boosting_{number}" for number in range(20)]
    figure = draw_ranks(make_many(names), simulated=True)
    assert figure is not None
    to_svg(figure)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    covered = [(one, other) for one, other in itertools.combinations(boxes, 2) if one.overlaps(other)]
    assert not covered
    # the scale has at least half of the width
    scale = figure.axes[0].lines[0].get_window_extent()
    assert scale.width > 0.4 * figure.bbox.width


def test_a_model_that_is_equally_sure_of_every_trial_is_seen_among_the_curves() -> None:
    metrics = make_many(TWENTY[:9])
    judged = metrics.models[TWENTY[0]]
    assert judged.abstention is not None
    flat = replace(judged, abstention=replace(judged.abstention, curve=((1.0, 0.25),)))
    figure = draw_risk_coverage(replace(metrics, models={**metrics.models, TWENTY[0]: flat}), simulated=True)
    assert figure is not None
    (own,) = [line for line in figure.axes[0].lines if line.get_color() == looks_of(TWENTY[:9])[TWENTY[0]].colour]
    assert own.get_markevery() is None
    assert not own.get_clip_on()


def test_fonts_of_a_pdf_hold_glyphs_and_no_tables_for_the_layout_of_text() -> None:
    """They would be shortened for each figure, which takes longer than to draw it; other programs' fonts keep them."""
    seen: list[set[str]] = []

    class Seen(subset.Options):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            seen.append(set(self.drop_tables))

    before = list(subset.Options().drop_tables)
    figure = draw_models(make_many(TWENTY), simulated=True)
    assert figure is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subset, "Options", Seen)
        assert b"FontFile2" in to_pdf(figure)
    assert seen
    assert all({"GSUB", "GPOS", "GDEF"} <= dropped for dropped in seen)
    assert list(subset.Options().drop_tables) == before
