"""A strip on ECG paper: its scales are 25 mm per second and 10 mm per millivolt, and no text overlaps."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg
from matplotlib.figure import Figure
from PIL import Image

from ecg_facial.ecg.reading import EcgReading
from ecg_facial.inspection import sheet
from ecg_facial.inspection.findings import Findings, analyse_ecg
from ecg_facial.inspection.paper import MM_PER_INCH, STYLE
from ecg_facial.inspection.scale import choose_scale
from ecg_facial.inspection.sheet import StripPart, draw_sheet
from ecg_facial.inspection.strip import PULSE_MM
from ecg_facial.recording import EcgSignal


def find(
    samples: np.ndarray, *, unit: str | None = "mV", simulated: bool = False, notes: tuple[str, ...] = ()
) -> Findings:
    signal = EcgSignal(samples=samples, fs_hz=FS_HZ, unit=unit)
    return analyse_ecg(
        EcgReading(name="heart.csv", signal=signal, kind="text table", channel="ecg", channels=("ecg",), notes=notes),
        simulated=simulated,
    )


def noisy(n_times: int = 6000, *, scale: float = 1.0) -> np.ndarray:
    return scale * (make_ecg(n_times) + np.random.default_rng(0).normal(0, 0.01, n_times))


def compose(findings: Findings, shown: StripPart) -> Figure:
    with mpl.rc_context(STYLE):
        return sheet._compose(findings, shown)


def texts_of(figure: Figure) -> list[str]:
    found = [text.get_text() for text in figure.texts]
    return found + [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("duration_s", [3.0, 5.5, 10.0, 25.0])
def test_a_unit_of_the_paper_is_a_millimetre_both_ways(duration_s: float) -> None:
    figure = compose(find(noisy()), StripPart(0.0, duration_s))
    sheet_mm = figure.get_size_inches() * MM_PER_INCH
    papers = figure.axes[:-1]
    assert len(papers) == max(1, -(-duration_s // 10))
    for paper in papers:
        size_mm = np.array([paper.get_position().width, paper.get_position().height]) * sheet_mm
        units = np.array([np.ptp(paper.get_xlim()), np.ptp(paper.get_ylim())])
        np.testing.assert_allclose(size_mm, units, rtol=1e-9)
        np.testing.assert_allclose(units % 5, 0, atol=1e-9)


def test_the_trace_lies_25_mm_a_second_and_10_mm_a_millivolt() -> None:
    samples = np.zeros(4000)
    samples[1000:1200] = 1.0
    figure = compose(find(samples), StripPart(2.0, 10.0))
    x, y = next(line.get_data() for line in figure.axes[0].lines if len(line.get_xdata()) > 1000)
    rise = x[np.flatnonzero(np.diff(y))[0] + 1]
    assert rise == pytest.approx(PULSE_MM + (1000 / FS_HZ - 2.0) * 25.0)
    assert np.ptp(y) == pytest.approx(10.0)
    assert "25 mm/s   10 mm/mV" in " ".join(texts_of(figure))


def test_beats_are_marked_where_they_are() -> None:
    found = find(noisy())
    figure = compose(found, StripPart(10.0, 10.0))
    marks = figure.axes[0].collections[-1].get_offsets()
    inside = found.beats.times_s[(found.beats.times_s >= 10) & (found.beats.times_s < 20)]
    np.testing.assert_allclose(marks[:, 0], PULSE_MM + (inside - 10.0) * 25.0)


@pytest.mark.parametrize(
    ("span_mv", "gain"), [(0.1, 20.0), (1.0, 10.0), (5.9, 10.0), (7.0, 5.0), (20.0, 2.5), (90.0, 2.5)]
)
def test_the_gain_is_the_usual_one_unless_the_trace_does_not_fit(span_mv: float, gain: float) -> None:
    scale = choose_scale(np.linspace(-span_mv / 2, span_mv / 2, 1000), "mV")
    assert scale.mm_per_unit == gain
    assert scale.cut == (span_mv == 90.0)
    assert 25.0 <= scale.height_mm <= 60.0


def test_a_spike_leaves_the_paper_and_not_the_gain() -> None:
    samples = noisy()
    samples[600:603] = 80.0
    scale = choose_scale(samples, "mV")
    assert (scale.mm_per_unit, scale.cut) == (10.0, True)
    assert "parts of the trace are beyond the paper" in " ".join(texts_of(compose(find(samples), StripPart(0.0, 10.0))))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
def test_without_a_unit_no_millivolt_is_claimed(scale: float) -> None:
    figure = compose(find(noisy(scale=scale), unit=None), StripPart(0.0, 10.0))
    words = " ".join(texts_of(figure))
    assert "mV" not in words
    bar = re.search(r"10 mm\n= (\S+)", words)
    assert bar is not None
    # 10 mm of a trace that fills 30 mm from its 0.5 to its 99.5 percentile
    assert float(bar[1]) == pytest.approx(scale / 3, rel=0.1)


def test_gaps_and_low_quality_are_named() -> None:
    samples = noisy()
    samples[500:1500] = np.nan
    samples[2000:4000] = np.random.default_rng(1).normal(0, 1, 2000)
    words = " ".join(texts_of(compose(find(samples), StripPart(0.0, 20.0))))
    assert "not recorded" in words
    assert "low quality (0." in words
    assert "low quality" not in " ".join(texts_of(compose(find(noisy()), StripPart(0.0, 20.0))))


def test_simulated_data_are_labelled() -> None:
    assert "SIMULATED" in texts_of(compose(find(noisy(), simulated=True), StripPart(0.0, 10.0)))
    assert "SIMULATED" not in texts_of(compose(find(noisy()), StripPart(0.0, 10.0)))


@pytest.mark.parametrize(
    "case",
    [
        "plain",
        "short",
        "flat",
        "gap",
        "spike",
        "no unit",
        "long",
        "notes",
        "tiny",
        "beatless second",
        "nothing",
        "huge",
    ],
)
def test_words_overlap_nowhere(case: str) -> None:
    samples, shown, unit, notes = noisy(), StripPart(0.0, 10.0), "mV", ()
    if case == "short":
        samples, shown = noisy(1100), StripPart(0.0, 5.5)
    elif case == "flat":
        samples = np.zeros(6000)
    elif case == "gap":
        samples[400:1000] = np.nan
    elif case == "spike":
        samples[300] = 80
    elif case == "no unit":
        unit = None
    elif case == "long":
        shown = StripPart(0.0, 30.0)
    elif case == "notes":
        notes = ("a remark that goes on for longer than a line of the sheet is wide, " * 5,)
    elif case == "tiny":
        samples *= 0.05
    elif case == "beatless second":
        samples = noisy(2200)
        shown = StripPart(9.5, 1.5)
    elif case == "nothing":
        samples[:] = np.nan
    elif case == "huge":
        samples *= 300
    figure = compose(find(samples, unit=unit, notes=notes), shown)
    with mpl.rc_context(STYLE):
        renderer = mpl.backends.backend_agg.FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        # matplotlib keeps labels of ticks beyond the limits, and does not draw them
        axis = figure.axes[-1].xaxis
        left, right = axis.get_view_interval()
        undrawn = [tick.label1 for tick in axis.get_major_ticks() if not left <= tick.get_loc() <= right]
        texts = [text for text in figure.findobj(mpl.text.Text) if text.get_visible() and text not in undrawn]
        texts = [text for text in texts if text.get_text().strip()]
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    page = figure.bbox
    for number, (words, box) in enumerate(boxes):
        assert min(box.x0 - page.x0, page.x1 - box.x1, box.y0 - page.y0, page.y1 - box.y1) > -1, f"{words!r} is cut"
        for other, other_box in boxes[number + 1 :]:
            overlap = (
                min(box.x1, other_box.x1) - max(box.x0, other_box.x0),
                min(box.y1, other_box.y1) - max(box.y0, other_box.y0),
            )
            assert min(overlap) < 1.0, f"{words!r} lies on {other!r}"


def test_both_pictures_can_be_opened_and_are_the_same_every_time() -> None:
    found = find(noisy(20_000), simulated=True)
    png, svg = draw_sheet(found, StripPart(0.0, 10.0))
    assert (png, svg) == draw_sheet(found, StripPart(0.0, 10.0))
    picture = Image.open(io.BytesIO(png))
    assert picture.width > picture.height > 300
    root = ElementTree.fromstring(svg)
    # points of 1/72 inch: ten seconds and the pulse are 265 mm, 22 more are margins
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(287 / MM_PER_INCH * 72, rel=1e-3)
    assert b"SIMULATED" in svg


def test_a_strip_at_4000_hz_stays_small(tmp_path: Path) -> None:
    samples = np.repeat(noisy(4000), 20)
    signal = EcgSignal(samples=samples, fs_hz=4000.0, unit="mV")
    _, svg = draw_sheet(
        analyse_ecg(EcgReading(name="x", signal=signal, kind="text table", channel="ecg", channels=("ecg",), notes=())),
        StripPart(0.0, 10.0),
    )
    assert len(svg) < 1_500_000
