"""The screen shows what a person needs, in every size, and dashes for what may not be shown."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from patient_states import GATED, make_alarm, make_state
from rich.cells import cell_len
from rich.console import Console

from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.screen.digits import draw_digits
from ecg_facial.live.screen.lines import format_line
from ecg_facial.live.screen.view import MonitorView
from ecg_facial.live.state import PatientState, Phase

SIZES = [(80, 24), (120, 40), (44, 20), (38, 12)]


def draw(*states: PatientState, width: int = 80, height: int = 24, **fields: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    console.print(MonitorView(states=states, foot="q quit", **fields), end="")
    return out.getvalue()


def holds_digits(screen: str, text: str) -> bool:
    """Whether large digits of either size are on the screen."""
    lines = screen.splitlines()
    return any(
        any(all(part.rstrip() in line for part, line in zip(drawn, lines[first:], strict=False) if part.strip())
            for first in range(len(lines) - len(drawn) + 1))
        for drawn in (draw_digits(text, large=False), draw_digits(text, large=True))
    )  # fmt: skip


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_estimate_interval_and_signals_are_there_in_every_size(width: int, height: int) -> None:
    screen = draw(make_state(), width=width, height=height)
    assert holds_digits(screen, "1.7")
    for text in ("1.6 (1.2 to 2.1)", "from face + ECG", "72 bpm", "face ● ok 0.97", "ECG ● ok 1.00", "no alarm"):
        assert text in screen


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_the_screen_is_exactly_as_large_as_the_terminal(count: int, width: int, height: int) -> None:
    alarms = (make_alarm("pain", "trend at 80 % of the scale"), make_alarm("face", "covered"))
    states = [make_state(patient=f"P{place}", alarms=alarms, alarms_off=True) for place in range(count)]
    lines = draw(*states, width=width, height=height).split("\n")
    assert height - count - 1 <= len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    for place in range(count):
        assert f"P{place}" in "\n".join(lines)


def test_a_tiny_terminal_begins_with_the_estimate_and_cuts_nothing_of_it() -> None:
    screen = draw(make_state(), make_state(patient="P8", row=GATED), width=34, height=9)
    assert "1:23 P7, pain 1.7 of 3" in screen
    assert "1:23 P8, pain -- of 3" in screen


def test_a_stale_estimate_is_shown_as_dashes_never_as_the_last_number() -> None:
    screen = draw(make_state(is_stale=True, message="", trend=()), width=120, height=40)
    assert holds_digits(screen, "--")
    assert not holds_digits(screen, "1.7")
    assert "STALE" in screen
    assert "heart -- bpm" in screen
    assert "face --" in screen
    assert "ECG --" in screen
    for number in ("1.6", "1.2", "2.1", "72", "0.97", "52"):
        assert number not in screen


def test_a_gated_estimate_is_shown_as_dashes() -> None:
    state = make_state(row={**GATED, "face_state": "covered", "ecg_state": "lead off"})
    screen = draw(state)
    assert holds_digits(screen, "--")
    assert "trend --" in screen
    assert "no usable signal" in screen
    assert "heart -- bpm" in screen
    assert "face ✖ covered" in screen
    assert "ECG ✖ lead off" in screen


def test_the_face_alone_is_said_and_a_dead_ecg_has_no_heart_rate() -> None:
    screen = draw(make_state(row={"used": "facial", "ecg_state": "flat"}))
    assert "from face alone" in screen
    assert "heart -- bpm" in screen
    assert holds_digits(screen, "1.7")


def test_the_heart_rate_stays_where_the_ecg_is_good_but_not_used() -> None:
    assert "heart 72 bpm" in draw(make_state(row={"used": "facial"}))


def test_a_signal_that_is_not_watched_has_no_lamp_of_a_fault() -> None:
    state = make_state({"face_state": "", "face_quality": None, "used": "ecg"})
    assert "face not watched" in draw(state)
    assert "face not watched, ECG ok 1.00" in format_line(state)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_paused_differs_from_off_and_both_show(width: int, height: int) -> None:
    paused = draw(make_state(pause_left_s=95.0), width=width, height=height)
    off = draw(make_state(alarms_off=True), width=width, height=height)
    both = draw(make_state(pause_left_s=95.0, alarms_off=True), width=width, height=height)
    assert "PAUSED 1:35 left" in paused
    assert "OFF" not in paused
    assert "sound OFF" in off
    assert "PAUSED" not in off
    assert "PAUSED 1:35 left, sound OFF" in both


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_pain_alarm_stands_apart_from_technical_ones_with_its_priority(width: int, height: int) -> None:
    alarms = (make_alarm("pain", "trend at 80 % of the scale"), make_alarm("face", "covered"))
    lines = draw(make_state(alarms=alarms), width=width, height=height).splitlines()
    (pain,) = (line for line in lines if "PAIN ALARM, medium" in line)
    (face,) = (line for line in lines if "low: face, covered" in line)
    assert "covered" not in pain
    assert "PAIN" not in face


def test_an_alarm_that_was_seen_or_is_over_says_so() -> None:
    for state, word in ((AlarmState.ACKNOWLEDGED, "seen"), (AlarmState.PAST, "over but not seen")):
        screen = draw(make_state(alarms=(make_alarm("pain", "trend at 80 %", state),)))
        assert word in screen
        assert ("PAIN ALARM" in screen) == (state is not AlarmState.PAST)


def test_who_has_seen_an_alarm_is_named() -> None:
    alarm = make_alarm("face", "covered", AlarmState.ACKNOWLEDGED, by="AB")
    assert "low: face, covered, seen by AB" in draw(make_state(alarms=(alarm,)))


@pytest.mark.parametrize(("width", "height"), [*SIZES, (30, 9)])
def test_simulated_and_research_only_are_always_said(width: int, height: int) -> None:
    # words of a line that was broken are joined again
    real, simulated = (
        re.sub(r"\s+", " ", draw(make_state(simulated=one), width=width, height=height)) for one in (False, True)
    )
    assert "SIMULATED" in simulated
    assert "SIMULATED" not in real
    for screen in (real, simulated):
        assert "research only, not a medical device" in screen


def test_every_panel_of_a_simulated_patient_says_so() -> None:
    states = [make_state(patient=f"P{place}", simulated=place < 2) for place in range(4)]
    titles = [line for line in draw(*states).splitlines() if "╭" in line]
    assert [title.count("SIMULATED") for title in titles] == [2, 0]


def test_the_clock_and_a_store_that_cannot_be_written_are_said() -> None:
    state = make_state(row={"clock_state": "unsynchronised", "clock_uncertainty_ms": None})
    screen = draw(replace(state, store_problem="disk full"), width=120, height=40)
    assert "clocks unsynchronised" in screen
    assert "disk full" in screen
    assert "delay 112 ms, p99 230" in screen
    assert "0 frames shed" in screen


def test_before_the_first_estimate_and_at_rest_the_screen_says_what_is_waited_for() -> None:
    assert "waiting for the first window" in draw(make_state(last=None, phase=Phase.WAITING))
    assert "calibration at rest, 0:22 left" in draw(make_state(phase=Phase.REST, rest_left_s=22.4))


def test_the_trend_is_drawn_with_gaps_where_there_was_none() -> None:
    state = make_state(trend=(0.0, 1.5, None, 3.0))
    assert "▁▅ █" in draw(state, width=44, height=20)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_address_of_the_page_is_shown_whole_and_the_screen_fits_the_terminal(width: int, height: int) -> None:
    address = f"http://127.0.0.1:8765/#token={'x' * 43}"
    lines = draw(make_state(), width=width, height=height, address=address).splitlines()
    assert len(lines) <= height
    assert address in "".join(line.strip() for line in lines)
