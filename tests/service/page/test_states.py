"""The dashboard in a real browser: what it says of every state, and what it says when nothing comes any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from real_browser import Bedside
from ward_page import make_states

from ecg_facial.live.screen.words import (
    DASHES,
    say_alarm,
    say_clock,
    say_delay,
    say_heart_rate,
    say_number,
    say_phase,
    say_quality,
    say_sound,
    say_trend,
    say_used,
)
from ecg_facial.live.state import PatientState

STATES = make_states()
FOUR = [STATES[name] for name in ("running", "pain alarm", "face covered", "paused and off")]
# names as long as they may be
LONG = replace(
    STATES["pain alarm"], patient="P" * 60, message="m" * 200, sources=("s" * 120,),
    class_names=("nopainatallduringthewholestretch", "mild", "moderate", "theworstthatcanbeimagined"),
)  # fmt: skip
WIDTHS = (360, 768, 1280, 3840)


def expect_words(state: PatientState) -> dict[str, str]:
    """What the terminal says of a state, by element of the page."""
    row = state.shown
    pain = state.pain_alarm
    return {
        "#estimate": say_number(None if row is None else row.estimate),
        "#trend-text": say_trend(row),
        "#used": say_phase(state) or say_used(row),
        "#heart": say_heart_rate(row).removesuffix(" bpm"),
        "#lamp-face .word": DASHES if row is None else say_quality(row.face_state, row.face_quality),
        "#lamp-ecg .word": DASHES if row is None else say_quality(row.ecg_state, row.ecg_quality),
        "#lamp-clock .word": say_clock(row).removeprefix("clocks "),
        "#pain .word": "" if pain is None else f"{say_alarm(pain).replace('pain, ', '')}",
        "#technical": "\n".join(f"technical, {say_alarm(alarm)}" for alarm in state.technical_alarms),
        "#silent": f"alarms {', '.join(silent)}" if (silent := say_sound(state)) else "",
        "#delay": say_delay(state),
        "#no-alarm .word": "" if state.alarms else "no alarm",
        "#patient-message": state.message,
    }


def read_words(bedside: Bedside, names: dict[str, str]) -> dict[str, str]:
    found = {name: bedside.text(name) for name in names}
    alarms = bedside.page.locator("#technical .word").all_inner_texts()
    pain = found["#pain .word"]
    return {**found, "#technical": "\n".join(alarms), "#pain .word": pain.split(", ", 1)[1] if pain else ""}


@pytest.mark.parametrize("name", STATES)
def test_the_page_says_of_a_state_what_the_terminal_says(bedside: Bedside, name: str) -> None:
    bedside.show(STATES[name])
    expected = expect_words(STATES[name])
    assert read_words(bedside, expected) == expected


@pytest.mark.parametrize(
    ("name", "shape"), [("running", "●"), ("face covered", "✖"), ("stale", "○"), ("no camera", "○")]
)
def test_a_lamp_has_a_shape_of_its_own(bedside: Bedside, name: str, shape: str) -> None:
    bedside.show(STATES[name])
    assert bedside.text("#lamp-face .sign") == shape


def test_the_pain_alarm_is_in_capitals_until_it_is_over(bedside: Bedside) -> None:
    bedside.show(STATES["pain alarm"])
    assert bedside.text("#pain .word").startswith("PAIN ALARM")
    assert bedside.page.title().startswith("PAIN ALARM")
    bedside.show(STATES["paused and off"])
    assert bedside.text("#pain .word").startswith("pain alarm")
    assert "PAIN" not in bedside.page.title()


def test_the_scale_names_the_classes_and_says_what_they_are_not(bedside: Bedside) -> None:
    bedside.show(STATES["running"])
    shown = bedside.page.locator("#scale li").all_inner_texts()
    assert [text.split() for text in shown] == [
        ["0", "BL1", "8", "%"], ["1", "PA1", "30", "%"], ["2", "PA2", "52", "%"], ["3", "PA3", "10", "%"],
    ]  # fmt: skip
    assert "levels of a stimulus, not what a person feels" in bedside.text("#patient")


def test_the_wall_shows_each_patient_and_no_number_where_there_is_none(bedside: Bedside) -> None:
    bedside.show(*FOUR)
    bedside.page.keyboard.press("w")
    bedside.page.wait_for_selector("#wall:visible")
    cards = bedside.page.locator(".card")
    assert cards.locator(".digits").all_inner_texts() == ["1.7", "2.6", "0.4", DASHES]
    assert cards.locator(".heart-text").all_inner_texts() == ["72 bpm", "72 bpm", "72 bpm", f"{DASHES} bpm"]
    assert "PAIN ALARM" in cards.nth(1).inner_text()
    assert "PAUSED" in cards.nth(3).inner_text()
    assert "sound OFF" in cards.nth(3).inner_text()


def test_a_patient_who_is_gone_leaves_nothing_on_the_page(bedside: Bedside) -> None:
    bedside.show(*FOUR)
    bedside.open_patient(2)
    assert bedside.text("#estimate") == "2.6"
    bedside.show(STATES["waiting"])
    assert bedside.text("#estimate") == DASHES
    assert "2.6" not in bedside.page.locator("body").inner_text()


def test_what_is_simulated_and_that_it_is_research_is_always_in_sight(bedside: Bedside) -> None:
    bedside.show(STATES["running"])
    assert bedside.page.locator("#simulated").is_visible()
    bedside.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for selector in ("#simulated", ".badge.research"):
        assert bedside.page.locator(selector).bounding_box()["y"] >= 0


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(bedside: Bedside, width: int) -> None:
    bedside.page.set_viewport_size({"width": width, "height": 700})
    try:
        for patients in ([STATES["paused and off"]], [LONG], [*FOUR, LONG]):
            bedside.show(*patients)
            assert bedside.page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        bedside.page.set_viewport_size({"width": 1920, "height": 1080})


def test_the_digits_are_read_from_across_the_room(bedside: Bedside) -> None:
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    bedside.show(STATES["running"])
    assert bedside.page.locator("#estimate").evaluate(size) >= 96
    bedside.show(*[STATES["running"]] * 9)
    bedside.page.keyboard.press("w")
    assert bedside.page.locator(".card .digits").first.evaluate(size) >= 48


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_serious_and_every_text_has_a_contrast_of_seven(bedside: Bedside, scheme: str) -> None:
    bedside.page.emulate_media(color_scheme=scheme)
    bedside.show(*FOUR)
    for key in ("w", "4", "?"):
        bedside.page.keyboard.press(key)
        assert find_faults(bedside.page) == []
    bedside.page.keyboard.press("Escape")


def find_faults(page: Any) -> list[str]:
    """What axe finds: rules with the elements that break them."""
    rules = {"rules": {"color-contrast-enhanced": {"enabled": True}}}
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra [dev])")
    found = axe.Axe().run(page, options=rules).response["violations"]
    return [
        f"{one['id']}: {[(node['target'], node['failureSummary']) for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_reduced_motion_stops_the_alarm_from_blinking(bedside: Bedside) -> None:
    bedside.show(STATES["pain alarm"])
    name = "element => getComputedStyle(element).animationName"
    bedside.page.emulate_media(reduced_motion="no-preference")
    assert bedside.page.locator("#pain").evaluate(name) == "blink"
    bedside.page.emulate_media(reduced_motion="reduce")
    assert bedside.page.locator("#pain").evaluate(name) == "none"


def test_dark_and_light_follow_the_device_until_somebody_chooses(bedside: Bedside) -> None:
    page, ground = bedside.page, "() => getComputedStyle(document.body).backgroundColor"
    found = {}
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = page.evaluate(ground)
    assert found["dark"] != found["light"]
    # the device asks for light
    page.locator("#theme").click()
    assert page.evaluate(ground) == found["dark"]
    page.locator("#theme").click()
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == found["light"]
    page.locator("#theme").click()
    assert page.evaluate(ground) == found["dark"]
