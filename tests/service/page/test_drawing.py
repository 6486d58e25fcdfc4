"""Arithmetic of the ECG strip, the trend and the camera, as the browser runs it."""

from __future__ import annotations

from typing import Any

import pytest
from real_browser import Bedside


def run(bedside: Bedside, module: str, code: str) -> Any:
    """Run code with the functions of a module in scope as ``m``."""
    return bedside.page.evaluate(f"import('/static/{module}.js').then((m) => {{ {code} }})")


@pytest.mark.parametrize(("width", "height", "ratio"), [(1440, 240, 1), (358, 120, 3), (3000, 477, 2)])
def test_a_second_is_25_mm_and_a_millimetre_is_whole_pixels(
    bedside: Bedside, width: int, height: int, ratio: int
) -> None:
    found = run(bedside, "strip", f"return m.stripGeometry({width}, {height}, {ratio})")
    assert found["span_s"] * 25 * found["mm_px"] == pytest.approx(width)
    assert found["mm_px"] * ratio == pytest.approx(round(found["mm_px"] * ratio))
    assert found["height_mm"] >= 30


def test_samples_keep_their_time_and_missing_ones_stay_missing(bedside: Bedside) -> None:
    found = run(
        bedside,
        "strip",
        """
      const trace = new m.Trace();
      trace.push({ start_s: 100, fs_hz: 10, unit: 'mV', samples: [0.5, null, 1.5], beats_s: [100.2] });
      trace.push({ start_s: 100.5, fs_hz: 10, unit: 'mV', samples: [2.5], beats_s: [100.2, 99.9] });
      const values = [999, 1000, 1001, 1002, 1003, 1004, 1005, 1006].map((number) => trace.at(number));
      return [values.map((value) => (Number.isNaN(value) ? null : value)), trace.newest_s, trace.beats_s];
    """,
    )
    assert found == [[None, 0.5, None, 1.5, None, None, 2.5, None], 100.6, [100.2]]


def test_a_stream_that_begins_anew_leaves_nothing_of_the_old_one(bedside: Bedside) -> None:
    found = run(
        bedside,
        "strip",
        """
      const trace = new m.Trace();
      trace.push({ start_s: 100, fs_hz: 10, unit: 'mV', samples: [1, 2], beats_s: [] });
      trace.push({ start_s: 3, fs_hz: 10, unit: null, samples: [4], beats_s: [] });
      return [trace.newest_s, trace.unit, Number.isNaN(trace.at(1000)), trace.at(30)];
    """,
    )
    assert found == [3.1, None, True, 4]


@pytest.mark.parametrize(
    ("reach", "unit", "gain"),
    [(1.2, "mV", 10), (1.6, "mV", 5), (5.0, "mV", 2.5), (0.0, "mV", 10), (600.0, None, 0.015)],
)
def test_the_gain_is_the_largest_usual_one_that_fits(
    bedside: Bedside, reach: float, unit: str | None, gain: float
) -> None:
    found = bedside.page.evaluate(
        "([reach, unit]) => import('/static/strip.js').then((m) => m.chooseGain({ reach, middle: 0 }, 30, unit))",
        [reach, unit],
    )
    assert found == pytest.approx(gain)


def test_the_sweep_runs_evenly_and_jumps_only_over_a_break(bedside: Bedside) -> None:
    found = run(
        bedside,
        "strip",
        """
      let [play_s, steps] = [m.advance(null, 10, 0), []];
      for (let number = 1; number <= 100; number++) {
        const next_s = m.advance(play_s, 10 + 0.04 * number + (number % 6 ? 0 : 0.2), 0.04);
        steps.push(next_s - play_s);
        play_s = next_s;
      }
      return [steps, m.advance(play_s, 60, 0.04)];
    """,
    )
    steps, jumped_s = found
    assert min(steps) > 0.03
    assert max(steps) < 0.06
    assert jumped_s == 60


def test_the_trend_ends_where_its_newest_value_is_and_breaks_at_gaps(bedside: Bedside) -> None:
    found = run(
        bedside,
        "trend",
        """
      const points = m.trendPoints({ trend: [1, null, 2, 3], trend_low: [0, null, 1, 2], trend_high: [2, null, 3, 3],
        trend_step_s: 1, trend_end_s: 50 });
      const stretches = m.splitAtGaps(points, (point) => point.value !== null, 1.5);
      const at = m.trendGeometry(1000, 200, { letter_px: 10, top: 3, now_s: 57 });
      return [stretches.map((one) => one.map((point) => point.time_s)), at.x(57) - at.x(50), at.y(0) > at.y(3)];
    """,
    )
    assert found[0] == [[47], [49, 50]]
    assert found[1] == pytest.approx(7 / 300 * (1000 - 38))
    assert found[2] is True


@pytest.mark.parametrize(
    ("camera", "sent"),
    [((1920, 1080), (640, 360)), ((720, 1280), (360, 640)), ((640, 480), (640, 480)), ((320, 240), (320, 240))],
)
def test_a_frame_is_sent_whole_and_small_whichever_way_a_phone_is_held(
    bedside: Bedside, camera: tuple[int, int], sent: tuple[int, int]
) -> None:
    found = run(bedside, "camera", f"return m.frameSize({camera[0]}, {camera[1]})")
    assert (found["width"], found["height"]) == sent
