"""Alarms: raised after a delay, with hysteresis, seen by persons, paused for a time, kept over a restart."""

from __future__ import annotations

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.live.alarms.alarm import Alarm, AlarmState, PainLimit
from ecg_facial.live.alarms.panel import AlarmPanel
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.store.rows import AlarmRow

SETTINGS = AlarmSettings(
    pain_raise=0.6, pain_clear=0.4, pain_raise_after_s=5, pain_clear_after_s=10,
    technical_raise_after_s=2, technical_clear_after_s=2, pause_s=60,
)  # fmt: skip
START_UTC_S = 1_000_000.0


class Bedside:
    """A panel that is told one second after another."""

    def __init__(self) -> None:
        self.panel = AlarmPanel(SETTINGS)
        self.log: list[AlarmRow] = []
        self.now_s = 0

    @property
    def now(self) -> dict[str, float]:
        return {"time_s": float(self.now_s), "utc_s": START_UTC_S + self.now_s}

    def pass_time(self, seconds: int, share: float | None, **problems: str) -> list[tuple[int, str, str]]:
        new = []
        for _ in range(seconds):
            self.now_s += 1
            new += self.panel.update(**self.now, share=share, problems=problems)
        self.log += new
        return [(int(row.time_s), row.alarm, row.change) for row in new]


def test_pain_is_raised_only_after_its_delay_and_a_short_peak_raises_nothing() -> None:
    bed = Bedside()
    assert bed.pass_time(4, 0.9) == []
    assert bed.pass_time(3, 0.1) == []
    assert bed.pass_time(7, 0.9) == [(13, "pain", "raised")]
    [shown] = bed.panel.shown
    assert (shown.state, shown.priority, shown.message) == (AlarmState.ACTIVE, "medium", "trend at 90 % of the scale")


def test_between_the_limits_pain_stays_as_it_is() -> None:
    limit = PainLimit(on=0.6, off=0.4)
    assert [limit.update(share) for share in (0.5, 0.59, 0.6, 0.5, None, 0.4, 0.39, 0.5, None)] == [
        False, False, True, True, True, True, False, False, False,
    ]  # fmt: skip


def test_an_alarm_that_nobody_saw_stays_shown_as_past_until_somebody_does() -> None:
    bed = Bedside()
    bed.pass_time(6, 0.9)
    assert bed.pass_time(11, 0.1) == [(17, "pain", "cleared")]
    assert [alarm.state for alarm in bed.panel.shown] == [AlarmState.PAST]
    assert not bed.panel.sounds
    [row] = bed.panel.acknowledge("pain", by="nurse k", **bed.now)
    assert (row.change, row.by, row.time_s) == ("acknowledged", "nurse k", 17.0)
    assert bed.panel.shown == ()
    assert bed.panel.acknowledge("pain", by="nurse k", **bed.now) == []


def test_an_alarm_that_was_seen_is_silent_and_a_new_one_sounds_again() -> None:
    bed = Bedside()
    bed.pass_time(6, 0.9)
    assert bed.panel.sounds
    bed.panel.acknowledge("pain", by="k", **bed.now)
    bed.pass_time(5, 0.9)
    assert [(alarm.state, alarm.by) for alarm in bed.panel.shown] == [(AlarmState.ACKNOWLEDGED, "k")]
    assert not bed.panel.sounds
    bed.pass_time(11, 0.1)
    assert bed.panel.shown == ()
    bed.pass_time(6, 0.9)
    assert bed.panel.sounds
    # the new one was seen by nobody
    assert [alarm.by for alarm in bed.panel.shown] == [""]


def test_technical_alarms_are_apart_and_name_what_is_wrong_now() -> None:
    bed = Bedside()
    assert bed.pass_time(4, None, ecg="lead off") == [(3, "ecg", "raised")]
    assert bed.pass_time(1, None, ecg="flat") == []
    assert [(alarm.name, alarm.message) for alarm in bed.panel.shown] == [("ecg", "flat")]
    assert bed.pass_time(3, 0.2) == [(8, "ecg", "cleared")]
    assert bed.panel.shown == ()


def test_pain_neither_comes_nor_goes_while_there_is_no_estimate() -> None:
    bed = Bedside()
    bed.pass_time(6, 0.9)
    assert bed.pass_time(60, None, estimate="no estimate for 3 s") == [(9, "estimate", "raised")]
    assert [alarm.name for alarm in bed.panel.shown] == ["pain", "estimate"]
    calm = Bedside()
    calm.pass_time(60, None)
    assert calm.panel.shown == ()


def test_a_pause_silences_and_ends_by_itself_and_is_not_the_same_as_off() -> None:
    bed = Bedside()
    bed.pass_time(6, 0.9)
    [row] = bed.panel.pause(by="k", **bed.now)
    assert (row.alarm, row.change, row.message) == ("all", "paused", "for 60 s")
    assert bed.panel.is_paused
    assert not bed.panel.is_off
    assert not bed.panel.sounds
    assert bed.panel.pause_left_s(bed.now_s) == 60
    assert [alarm.state for alarm in bed.panel.shown] == [AlarmState.ACTIVE]
    assert bed.pass_time(61, 0.9) == [(66, "all", "resumed")]
    assert bed.panel.sounds
    bed.panel.switch(on=False, by="k", **bed.now)
    bed.pass_time(600, 0.9)
    assert bed.panel.is_off
    assert not bed.panel.is_paused
    assert not bed.panel.sounds
    assert bed.panel.switch(on=False, by="k", **bed.now) == []
    [row] = bed.panel.switch(on=True, by="l", **bed.now)
    assert (row.change, row.by) == ("switched on", "l")
    assert bed.panel.sounds


def test_a_pause_can_be_ended_by_a_person() -> None:
    bed = Bedside()
    bed.panel.pause(by="k", **bed.now)
    [row] = bed.panel.resume(by="k", **bed.now)
    assert (row.change, bed.panel.is_paused) == ("resumed", False)
    assert bed.panel.resume(by="k", **bed.now) == []


@pytest.mark.parametrize(("gone_s", "left_s"), [(20, 40), (60, 0), (5000, 0), (-30, 0)])
def test_the_rest_of_a_pause_survives_a_restart_also_when_the_clock_was_set_back(gone_s: int, left_s: int) -> None:
    bed = Bedside()
    log = bed.panel.pause(by="k", time_s=500.0, utc_s=START_UTC_S)
    bed.panel.restore(log, time_s=0.0, utc_s=START_UTC_S + gone_s)
    fresh = AlarmPanel(SETTINGS)
    fresh.restore(log, time_s=0.0, utc_s=START_UTC_S + gone_s)
    assert fresh.pause_left_s(0.0) == left_s


def test_off_survives_a_restart() -> None:
    bed = Bedside()
    log = bed.panel.switch(on=False, by="k", **bed.now)
    fresh = AlarmPanel(SETTINGS)
    fresh.restore(log, time_s=0.0, utc_s=START_UTC_S + 3600)
    assert fresh.is_off
    fresh.restore([*log, *bed.panel.switch(on=True, by="k", **bed.now)], time_s=0.0, utc_s=START_UTC_S + 3600)
    assert not fresh.is_off


def test_only_a_person_acknowledges_and_only_what_there_is() -> None:
    bed = Bedside()
    with pytest.raises(SettingsError, match="expected the sign of the person"):
        bed.panel.acknowledge("pain", by=" ", **bed.now)
    with pytest.raises(SettingsError, match="unknown alarm 'pian': expected pain"):
        bed.panel.acknowledge("pian", by="k", **bed.now)
    with pytest.raises(SettingsError, match="unknown technical alarm pain"):
        bed.panel.update(**bed.now, share=0.1, problems={"pain": "x"})


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"pain_clear 0\.7, pain_raise 0\.6"):
        AlarmSettings(pain_raise=0.6, pain_clear=0.7)
    with pytest.raises(SettingsError, match="pause_s is 0"):
        AlarmSettings(pause_s=0)
    with pytest.raises(SettingsError, match="pain_raise_after_s is -1"):
        AlarmSettings(pain_raise_after_s=-1)


def test_an_alarm_without_delays_follows_its_condition() -> None:
    alarm = Alarm(raise_after_s=0, clear_after_s=0)
    assert [alarm.update(time, holds=holds) for time, holds in enumerate((True, True, False, False))] == [
        "raised", "", "cleared", "",
    ]  # fmt: skip
