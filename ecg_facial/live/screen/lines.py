"""One line per estimate, where the output is no terminal.

Input: a `PatientState`. Output: a line of text.
"""

from __future__ import annotations

from ecg_facial.live.screen.words import (
    DASHES,
    SIMULATED,
    say_heart_rate,
    say_number,
    say_phase,
    say_quality,
    say_sound,
    say_time,
    say_trend,
)
from ecg_facial.live.state import PatientState


def format_line(state: PatientState) -> str:
    """Put the state of a patient into one line, what matters most first."""
    row = state.shown
    parts = [
        f"{say_time(state.time_s)} {state.patient}{f' {SIMULATED}' if state.simulated else ''}",
        f"pain {say_number(None if row is None else row.estimate)} of {len(state.class_names) - 1}",
        *(f"{'ALARM' if alarm.name == 'pain' else 'technical alarm'} {alarm.name} ({alarm.priority}, {alarm.state})"
          for alarm in state.alarms),
        *say_sound(state),
        f"trend {say_trend(row)}",
        f"heart {say_heart_rate(row)}",
        f"face {DASHES if row is None else say_quality(row.face_state, row.face_quality)}",
        f"ECG {DASHES if row is None else say_quality(row.ecg_state, row.ecg_quality)}",
        *([row.clock_state] if row is not None else []),
        *([phase] if (phase := say_phase(state)) else []),
        *([state.message] if state.message else []),
    ]  # fmt: skip
    return ", ".join(parts)
