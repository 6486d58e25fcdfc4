"""The dashboard in use: signing in, silence, keys, ratings, sound, and a device as the camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from real_browser import Bedside
from ward_page import make_states

from ecg_facial.live.screen.words import DASHES

STATES = make_states()
_CAN_BE_REACHED = "[...document.querySelectorAll('button, a, input')].filter((one) => one.checkVisibility()).length"
# number of the element with the focus, and whether one sees that it has it
_FOCUSED = """() => {
  const one = document.activeElement;
  return [[...document.querySelectorAll('*')].indexOf(one), getComputedStyle(one).outlineStyle];
}"""


class Line:
    """The line between page and service, which can be held."""

    def __init__(self) -> None:
        self.is_held, self.connections = False, 0
        self.sockets: list[Any] = []
        self.held: list[str] = []

    def join(self, page: Any) -> None:
        page.clock.install()
        page.route_web_socket("**/v1/stream", self._connect)

    def _connect(self, socket: Any) -> None:
        self.connections += 1
        self.sockets.append(socket)
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda message: (self.held.append if self.is_held else socket.send)(message))


def test_the_token_of_the_address_signs_in_and_is_taken_out_of_it(bedside: Bedside) -> None:
    assert bedside.page.url == f"{bedside.address}/"
    assert bedside.token not in bedside.page.evaluate("document.documentElement.outerHTML")


def test_a_wrong_token_is_said_and_a_right_one_can_be_typed(bedside: Bedside) -> None:
    page = bedside.browser.new_page()
    page.goto(bedside.address)
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("This token is not valid, or has expired.").wait_for()
    page.get_by_label("Token").fill(bedside.token)
    page.keyboard.press("Enter")
    page.wait_for_selector("#patient:visible, #wall:visible")
    page.close()


def test_who_signs_out_is_asked_for_a_token_again(bedside: Bedside) -> None:
    page = bedside.open_page()
    page.keyboard.press("?")
    page.get_by_role("button", name="sign out").click()
    page.get_by_label("Token").wait_for()
    page.close()
    # the console names each answer 401, as it should
    assert all("401" in complaint for complaint in bedside.complaints)
    bedside.complaints.clear()


def test_after_three_seconds_of_silence_nothing_is_shown_and_the_page_connects_anew(bedside: Bedside) -> None:
    line = Line()
    page = bedside.open_page(before=line.join)
    bedside.show(replace(STATES["pain alarm"], pause_left_s=60.0), page=page)
    assert page.locator("#lost").is_hidden()
    assert page.locator("#estimate").inner_text() == "2.6"
    line.is_held = True
    # the connection stays open; time passes without a single message
    page.clock.fast_forward(2900)
    assert page.locator("#lost").is_visible()
    assert "NO DATA" in page.locator("#lost").inner_text()
    for selector in ("#estimate", "#trend-text", "#heart", "#lamp-face .word", "#lamp-ecg .word", "#patient-time"):
        assert page.locator(selector).inner_text() == DASHES
    assert "2.6" not in page.locator("main").inner_text()
    assert page.locator("#pain").is_hidden()
    assert page.locator("#picture-none").is_visible()
    line.is_held = False
    for _ in range(3):
        page.clock.fast_forward(6500)
        page.clock.run_for(600)
    page.wait_for_selector("#lost", state="hidden")
    assert page.locator("#estimate").inner_text() == "2.6"
    assert line.connections > 1
    page.close()


def test_what_waited_in_the_network_is_not_taken_for_the_present(bedside: Bedside) -> None:
    line = Line()
    page = bedside.open_page(before=line.join)
    bedside.show(STATES["pain alarm"], page=page)
    line.is_held = True
    page.wait_for_timeout(500)
    waited = list(line.held)
    page.clock.fast_forward(4000)
    for message in waited:
        line.sockets[-1].send(message)
    page.clock.run_for(500)
    assert waited
    assert page.locator("#lost").is_visible()
    assert page.locator("#estimate").inner_text() == DASHES
    page.close()


def test_clocks_that_drift_apart_make_no_message_late_and_a_stall_does(bedside: Bedside) -> None:
    late_s = bedside.page.evaluate(
        """async () => {
          const { Lateness } = await import('/static/stream.js');
          const lateness = new Lateness();
          let longest_s = 0;
          // a day at 200 ppm, a message every second
          for (let sent_s = 0; sent_s < 86400; sent_s++) {
            longest_s = Math.max(longest_s, lateness.take(100 + 1.0002 * sent_s + 0.05, sent_s));
          }
          return [longest_s, lateness.take(100 + 1.0002 * 86400 + 3, 86400)];
        }"""
    )
    assert late_s[0] < 0.1
    assert 2.9 < late_s[1] < 3.1


def test_a_connection_that_broke_is_tried_again_with_growing_pauses(bedside: Bedside) -> None:
    pauses = bedside.page.evaluate(
        "import('/static/stream.js').then(({ pauseMs }) => [0, 1, 2, 3, 4, 5, 50].map((tries) => pauseMs(tries, 0.5)))"
    )
    assert pauses == [500, 1000, 2000, 4000, 8000, 15000, 15000]
    line = Line()
    page = bedside.open_page(before=line.join)
    line.sockets[-1].close(code=1001, reason="the service is started anew")
    page.clock.run_for(1000)
    page.wait_for_function("() => document.querySelector('#lost').hidden")
    assert line.connections == 2
    page.close()


def test_the_keyboard_alone_reaches_everything_and_the_focus_is_seen(bedside: Bedside) -> None:
    bedside.show(*[STATES["running"]] * 2)
    bedside.open_patient(1)
    page, seen = bedside.page, []
    page.evaluate("document.activeElement.blur()")
    count = page.evaluate(_CAN_BE_REACHED)
    for _ in range(count):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(_FOCUSED))
    assert len({place for place, _ in seen}) == count
    assert {outline for _, outline in seen} == {"solid"}


def test_keys_open_patients_wall_and_help(bedside: Bedside) -> None:
    bedside.show(STATES["running"], STATES["pain alarm"])
    bedside.page.keyboard.press("w")
    assert bedside.page.locator("#wall").is_visible()
    bedside.page.keyboard.press("2")
    assert bedside.text("#estimate") == "2.6"
    bedside.page.keyboard.press("1")
    assert bedside.text("#estimate") == "1.7"
    # no alarm of another patient is overlooked
    assert "PAIN ALARM" in bedside.text("#patients")
    bedside.page.keyboard.press("?")
    assert bedside.page.locator("#help-dialog").is_visible()
    bedside.page.keyboard.press("w")
    assert bedside.page.locator("#patient").is_visible()
    bedside.page.keyboard.press("Escape")
    assert bedside.page.locator("#help-dialog").is_hidden()


def test_what_a_person_does_reaches_the_patient_with_the_persons_sign(bedside: Bedside) -> None:
    session = bedside.show(STATES["pain alarm"])[0]
    page = bedside.page
    page.keyboard.press("a")
    # nobody has signed yet
    page.locator("#sign-value").fill("AB")
    page.keyboard.press("Enter")
    page.get_by_text("trend at 79 % of the scale, seen by AB").first.wait_for()
    for key, said in (("p", "alarms paused by AB"), ("p", "pause ended by AB"), ("o", "sound OFF by AB")):
        page.keyboard.press(key)
        page.locator("#done", has_text=said).wait_for()
        page.wait_for_timeout(300)
    assert session.done == [("acknowledge", "AB"), ("pause", "AB"), ("resume", "AB"), ("switch", False, "AB")]


def test_ratings_and_notes_are_kept_and_what_is_no_rating_is_refused(bedside: Bedside) -> None:
    session = bedside.show(STATES["running"])[0]
    page = bedside.page
    page.keyboard.press("r")
    page.locator("#rate-value").fill("11")
    page.locator("#rate-sign").fill("CD")
    page.keyboard.press("Enter")
    assert "no rating from 0 to 10" in bedside.text("#rate-problem")
    page.locator("#rate-value").fill("6,5")
    page.locator("#rate-note").fill("says it is worse <b>now</b>")
    page.keyboard.press("Enter")
    page.locator("#done", has_text="rating NRS 6.5 kept").wait_for()
    page.keyboard.press("n")
    page.keyboard.type("a quiet night, no pause")
    page.keyboard.press("Enter")
    page.locator("#done", has_text="note kept").wait_for()
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.locator("#rate-value").fill("3")
    page.locator("#rate-self").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.locator("#done", has_text="rating NRS 3 kept, as the person said").wait_for()
    assert session.done == [
        ("rate", "NRS", 6.5, "CD", "says it is worse <b>now</b>"),
        ("rate", "", None, "CD", "a quiet night, no pause"),
        ("rate", "NRS-self", 3.0, "CD", ""),
    ]


def test_text_of_the_monitor_is_never_taken_as_html(bedside: Bedside) -> None:
    text = "<img src=x onerror=alert(1)>"
    bedside.show(replace(STATES["pain alarm"], message=text, sources=(text,)))
    assert bedside.text("#patient-message") == text
    assert text in bedside.text("#sources")
    assert bedside.page.locator("main img").count() == 0


def test_alarms_sound_by_priority_once_the_browser_allows_it(bedside: Bedside) -> None:
    count = (
        "window.tones = []; const make = AudioContext.prototype.createOscillator;"
        "AudioContext.prototype.createOscillator = function () { window.tones.push(1); return make.call(this); };"
    )
    page = bedside.open_page(before=lambda page: page.add_init_script(count))
    bedside.show(STATES["pain alarm"], page=page)
    assert page.locator("#unblock").is_visible()
    assert page.evaluate("tones.length") == 0
    page.locator("#unblock").click()
    page.locator("#unblock").wait_for(state="hidden")
    page.wait_for_function("() => tones.length === 3")
    # silenced by the monitor, then another alarm, of low priority
    bedside.show(replace(STATES["pain alarm"], sounds=False, pause_left_s=100.0), page=page)
    bedside.show(STATES["face covered"], page=page)
    page.wait_for_function("() => tones.length === 5")
    page.close()


def test_a_screen_reader_hears_an_alarm_once_and_not_each_second_of_a_pause(bedside: Bedside) -> None:
    heard = bedside.page.evaluate(
        """async () => {
          const { Announcer } = await import('/static/alarms.js');
          const announcer = new Announcer();
          const state = (alarms, pause_left_s) => ({ patient: 'P7', alarms, pause_left_s, alarms_off: false });
          const pain = (state, message) => ({ name: 'pain', priority: 'medium', state, message, by: '' });
          return [
            state([], 0), state([pain('active', 'trend at 70 %')], 0), state([pain('active', 'trend at 80 %')], 0),
            state([pain('active', 'trend at 80 %')], 120), state([pain('active', 'trend at 80 %')], 119),
            { ...state([], 0), is_lost: true }, state([], 0),
          ].map((one) => announcer.update([one]));
        }"""
    )
    assert heard == ["", "P7: PAIN ALARM, medium: trend at 70 %", "", "P7: alarms PAUSED", "", "", "no alarm"]


def test_a_device_becomes_the_camera_of_a_patient_who_takes_one(bedside: Bedside) -> None:
    bedside.ward.show(replace(STATES["waiting"], patient="camera-1"))
    bedside.page.locator("#camera-switch").click()
    source = bedside.links["camera-1"].sources[0]
    bedside.page.locator("#camera-text", has_text="Camera of camera-1").wait_for()
    source.open()
    times_s = []
    while len(times_s) < 3:
        bedside.page.wait_for_timeout(50)
        block = source.read(0.5)
        if block is not None:
            times_s.append(block.frame.time_s)
            assert 320 <= block.frame.width <= 640
            assert 240 <= block.frame.height <= 480
    assert times_s == sorted(set(times_s))
    bedside.page.locator("#camera-switch").click()
    bedside.page.get_by_text("use this device as the camera").wait_for()
    bedside.page.wait_for_timeout(300)
    assert bedside.links["camera-1"].offer is None


def test_a_page_that_may_not_use_the_camera_says_why(bedside: Bedside) -> None:
    hide = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined });"
    page = bedside.open_page(before=lambda page: page.add_init_script(hide))
    bedside.ward.show(replace(STATES["waiting"], patient="camera-1"))
    page.locator("#camera-switch").click()
    page.get_by_text("without TLS").wait_for()
    page.close()
