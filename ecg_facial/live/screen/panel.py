"""The panel of one patient.

Input: a `PatientState` and the size of the panel. Output: a rich panel. Where there is no room for everything, what
matters least is left out: delays first, then clocks, classes and curve; estimate, alarms and signals are always there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.alarms.panel import PAIN, ShownAlarm
from ecg_facial.live.screen.digits import draw_curve, draw_digits, draw_scale
from ecg_facial.live.screen.words import (
    DASHES,
    ECG,
    FACE,
    NOT_WATCHED,
    OK,
    SIMULATED,
    say_alarm,
    say_clock,
    say_delay,
    say_heart_rate,
    say_number,
    say_phase,
    say_quality,
    say_sound,
    say_time,
    say_trend,
    say_used,
    uses,
)
from ecg_facial.live.state import PatientState
from ecg_facial.live.store.rows import EstimateRow

_GOOD, _WARNING, _BAD, _QUIET = "green", "yellow", "bold red", "dim"
_PAIN = {AlarmState.ACTIVE: "bold white on red", AlarmState.ACKNOWLEDGED: "bold red", AlarmState.PAST: "red"}
# each lamp has a sign of its own, for those who do not see colours
_LAMPS = {_GOOD: "●", _WARNING: "▲", _BAD: "✖"}
# frame and padding around the content
_FRAME_COLUMNS, _FRAME_ROWS = 4, 2
# from these heights on there is room for large digits, and for a bar per class and a high curve
_LARGE_ROWS, _ROOMY_ROWS = 16, 20
_BAR_COLUMNS, _CURVE_ROWS, _TECHNICAL_ROWS = 12, 9, 2
# rich wants a console to break lines with; nothing is written to it
_MEASURE = Console(file=io.StringIO())


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Some lines of the panel; those with the highest `rank` are left out first, rank 0 never."""

    rank: int
    lines: list[Text]


def make_panel(state: PatientState, width: int, *, height: int, selected: bool = False) -> Panel:
    """Make the panel of a patient.

    Parameters
    ----------
    state : PatientState
    width, height : int
        Columns and rows with the frame.
    selected : bool
        Keys act on this patient.
    """
    inner, rows = max(1, width - _FRAME_COLUMNS), max(1, height - _FRAME_ROWS)
    lines = _fit(list(_list_parts(state, inner, rows=rows)), rows)
    if rows >= _ROOMY_ROWS:
        top = float(max(1, len(state.class_names) - 1))
        lines += _draw_high_trend(state, inner, top=top, rows=min(_CURVE_ROWS, rows - len(lines)))
    for line in lines:
        line.truncate(inner, overflow="ellipsis")
    title = Text(f" {state.patient}{f'  {SIMULATED}' if state.simulated else ''}  {say_time(state.time_s)} ")
    if selected:
        title.stylize("reverse")
    content = Text("\n").join(lines)
    return Panel(content, title=title, title_align="left", border_style=_border(state), width=width, height=height)


def _fit(parts: list[_Part], rows: int) -> list[Text]:
    """Leave out what matters least until the rest fits."""
    while len(parts) > 1 and sum(len(part.lines) for part in parts) > rows:
        worst = max(part.rank for part in parts)
        if worst == 0:
            break
        parts = [part for part in parts if part.rank != worst]
    return [line for part in parts for line in part.lines][:rows]


def _list_parts(state: PatientState, width: int, *, rows: int) -> Iterator[_Part]:
    large, roomy = rows >= _LARGE_ROWS, rows >= _ROOMY_ROWS
    row, top = state.shown, float(max(1, len(state.class_names) - 1))
    yield _Part(rank=0, lines=_list_alarms(state, width, large=large))
    yield _Part(rank=0, lines=_draw_estimate(state, row, width, large=large))
    low, trend, high = (None, None, None) if row is None else (row.low, row.trend, row.high)
    scale = draw_scale(width, top=top, low=low, value=trend, high=high)
    yield _Part(rank=3, lines=[Text(scale, style="cyan")])
    yield _Part(rank=0, lines=_list_signals(row, width, apart=large))
    if state.message:
        yield _Part(rank=2, lines=[Text(state.message, style="italic")])
    yield _Part(rank=5, lines=_list_classes(state, row, apart=roomy))
    if not roomy:
        yield _Part(rank=4, lines=[_draw_trend(state, width, top=top)])
    yield _Part(rank=6, lines=[Text(say_clock(row), style=_clock_style(row))])
    yield _Part(rank=7, lines=[Text(say_delay(state), style=_QUIET)])
    if roomy or state.store_problem:
        yield _Part(rank=1 if state.store_problem else 8, lines=_list_store(state))


def _list_alarms(state: PatientState, width: int, *, large: bool) -> list[Text]:
    """Pain alarm, technical alarms, and what silences them."""
    pain, technical = state.pain_alarm, state.technical_alarms
    lines = []
    if pain is not None:
        lines.append(Text(f" {_name_pain(pain)} ", style=_PAIN[pain.state]))
    if technical and large:
        lines += [Text(f"technical, {say_alarm(alarm)}", style=_WARNING) for alarm in technical]
    elif technical:
        together = Text("; ".join(map(say_alarm, technical)), style=_WARNING)
        lines += together.wrap(_MEASURE, width, overflow="ellipsis")[:_TECHNICAL_ROWS]
    if silent := say_sound(state):
        text = f" {', '.join(silent)} "
        lines.append(Text(f" alarms{text}" if len(text) + 7 <= width else text, style="black on yellow"))
    return lines or [Text("no alarm", style=_GOOD)]


def _name_pain(alarm: ShownAlarm) -> str:
    """Say in capitals that pain is estimated now; an alarm that is over says that first."""
    word = "PAIN ALARM" if alarm.state is not AlarmState.PAST else "pain alarm"
    return f"{word}, {say_alarm(alarm).replace(f'{PAIN}, ', '')}"


def _draw_estimate(state: PatientState, row: EstimateRow | None, width: int, *, large: bool) -> list[Text]:
    """Large digits, and beside them the scale, the trend with its interval, and the signals behind it."""
    number = say_number(None if row is None else row.estimate)
    known = number != DASHES
    phase = say_phase(state)
    beside = [
        Text(f"of {len(state.class_names) - 1}  estimated pain", style="bold"),
        Text(f"trend {say_trend(row)}"),
        Text(phase or say_used(row), style=_WARNING if phase or not known else _GOOD),
    ]
    digits = draw_digits(number, large=large and width >= 50)
    above = (len(digits) - len(beside)) // 2
    lines = []
    for place, drawn in enumerate(digits):
        line = Text.assemble((f"{drawn}  ", "bold" if known else _QUIET))
        if 0 <= place - above < len(beside):
            line.append_text(beside[place - above])
        lines.append(line)
    return lines


def _list_signals(row: EstimateRow | None, width: int, *, apart: bool) -> list[Text]:
    """Heart rate, and a lamp with words for face and ECG."""
    heart = Text(f"heart {say_heart_rate(row)}", style="bold")
    face, ecg = _make_lamp("face", row, FACE), _make_lamp("ECG", row, ECG)
    if apart:
        return [heart, face, ecg]
    together = Text("  ").join([heart, face, ecg])
    return [together] if len(together) <= width else [Text("  ").join([heart, face]), ecg]


def _make_lamp(name: str, row: EstimateRow | None, signal: str) -> Text:
    if row is None:
        return Text(f"{name} {DASHES}", style=_QUIET)
    state, quality = (row.face_state, row.face_quality) if signal == FACE else (row.ecg_state, row.ecg_quality)
    if not state:
        return Text(f"{name} {NOT_WATCHED}", style=_QUIET)
    style = _GOOD if state == OK else _WARNING if uses(row, signal) else _BAD
    return Text(f"{name} ").append(f"{_LAMPS[style]} {say_quality(state, quality)}", style=style)


def _list_classes(state: PatientState, row: EstimateRow | None, *, apart: bool) -> list[Text]:
    """Probability of each class: a bar each, or all in one line."""
    known = None if row is None else row.probabilities
    values: list[float | None] = [None] * len(state.class_names) if known is None else list(known)
    named = list(zip(state.class_names, values, strict=True))
    if not apart:
        shown = (f"{name} {DASHES if value is None else f'{100 * value:.0f}%'}" for name, value in named)
        return [Text("  ".join(shown))]
    room = max(map(len, state.class_names))
    lines = []
    for name, value in named:
        filled = 0 if value is None else round(value * _BAR_COLUMNS)
        share = f"{DASHES:>3}" if value is None else f"{100 * value:3.0f} %"
        lines.append(Text(f"{name:{room}} ").append("█" * filled + "·" * (_BAR_COLUMNS - filled)).append(f" {share}"))
    return lines


def _label_trend(state: PatientState) -> str:
    return f"trend, last {say_time(len(state.trend) * state.trend_step_s)} "


def _draw_trend(state: PatientState, width: int, *, top: float) -> Text:
    """Draw the trend in one line."""
    label = _label_trend(state)
    (curve,) = draw_curve(state.trend, max(1, width - len(label)), top=top)
    return Text(label).append(curve, style="cyan")


def _draw_high_trend(state: PatientState, width: int, *, top: float, rows: int) -> list[Text]:
    """Draw the trend below everything else, as high as there is room."""
    if rows < 2:
        return [_draw_trend(state, width, top=top)][:rows]
    curve = draw_curve(state.trend, width, top=top, height=rows - 1)
    return [Text(_label_trend(state)), *(Text(line, style="cyan") for line in curve)]


def _list_store(state: PatientState) -> list[Text]:
    kept = f"store {state.store_bytes / 1e6:.1f} MB" if state.store_bytes else "nothing is stored"
    lines = [Text(state.store_problem or kept, style=_BAD if state.store_problem else _QUIET)]
    if state.sources:
        lines.append(Text("from " + ", ".join(state.sources), style=_QUIET))
    return lines


def _clock_style(row: EstimateRow | None) -> str:
    return _WARNING if row is not None and row.clock_state == "unsynchronised" else _QUIET


def _border(state: PatientState) -> str:
    pain = state.pain_alarm
    if pain is not None and pain.state is AlarmState.ACTIVE:
        return _BAD
    return _WARNING if state.technical_alarms else "white"
