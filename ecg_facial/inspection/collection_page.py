"""The page of a collection: what it holds, and a strip of each recording.

Input: overviews. Output: HTML that works without a network. Strips are files beside it, loaded as they are scrolled to,
so that a page of thousands of recordings opens at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from ecg_facial.inspection.overview import STATES, Overview, State, count_states
from ecg_facial.inspection.wording import describe_time
from ecg_facial.runtime.text import SIMULATED_NOTE

_TEMPLATE = Path(__file__).with_name("templates") / "collection.html"
_WORDS: dict[State, str] = {"good": "good", "look": "to look at", "unreadable": "unreadable"}


def format_page(rows: Sequence[Overview], *, title: str, strips: str, table: str) -> str:
    """Make the page.

    Parameters
    ----------
    rows : sequence of Overview
    title : str
        Name of the collection.
    strips : str
        Folder of the strips, relative to the page.
    table : str
        Name of the table beside the page.

    Returns
    -------
    str
        HTML; everything that comes from files is escaped.
    """
    counts = count_states(rows)
    read = [row for row in rows if row.state != "unreadable"]
    formats = sorted({row.format for row in read if row.format})
    total_s = sum(row.duration_s or 0.0 for row in read)
    tiles = [
        (str(len(rows)), "files"),
        *((str(counts[state]), _WORDS[state]) for state in STATES),
        (describe_time(total_s), "of signal"),
        (f"{sum(row.n_beats or 0 for row in read):,}".replace(",", "\u202f"), "beats"),
    ]
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        about=escape(", ".join(formats) or "no file could be read"),
        simulated=f"<p class='simulated'>{escape(SIMULATED_NOTE)}</p>" if any(row.simulated for row in rows) else "",
        tiles="".join(
            f"<div class='tile'><b>{escape(value)}</b><span>{escape(word)}</span></div>" for value, word in tiles
        ),
        bar="".join(
            f"<i style='width:{100 * counts[state] / max(1, len(rows)):.3f}%;background:var(--{state})'></i>"
            for state in STATES
        ),
        bar_label=", ".join(f"{counts[state]} {_WORDS[state]}" for state in STATES),
        buttons=_make_buttons(counts, len(rows)),
        articles="\n".join(_make_article(row, number, strips) for number, row in enumerate(rows)),
        table=escape(table),
    )


def _make_buttons(counts: dict[State, int], n_all: int) -> str:
    choices = [("", f"all ({n_all})"), *((state, f"{_WORDS[state]} ({counts[state]})") for state in STATES)]
    return "".join(
        f"<button type='button' data-state='{state}' aria-pressed='{str(not state).lower()}'>{escape(word)}</button>"
        for state, word in choices
    )


def _make_article(row: Overview, number: int, strips: str) -> str:
    data = {"number": number, "quality": row.quality, "rate": row.heart_rate_bpm, "duration": row.duration_s}
    attributes = "".join(f" data-{key}='{'' if value is None else f'{value:.6g}'}'" for key, value in data.items())
    parts = [
        f"<article class='{row.state}'{attributes}><h2>{escape(row.file)}</h2>"
        f"<span class='state'>{_WORDS[row.state]}</span>",
        _list_figures(row),
        _list_sentences(row.what_is_wrong, "wrong"),
        _list_sentences(row.notes, "notes"),
    ]
    if row.strip is not None:
        words = f"Ten seconds of {row.file}"
        parts.append(f"<img loading='lazy' alt='{escape(words)}' src='{escape(strips)}/{escape(row.strip)}'>")
    return "".join([*parts, "</article>"])


def _list_figures(row: Overview) -> str:
    if row.state == "unreadable" or row.duration_s is None or row.fs_hz is None:
        return ""
    rate = "unknown" if row.heart_rate_bpm is None else f"{row.heart_rate_bpm:.0f} bpm"
    if row.heart_rate_5_percent_bpm is not None and row.heart_rate_95_percent_bpm is not None:
        rate += f" ({row.heart_rate_5_percent_bpm:.0f} to {row.heart_rate_95_percent_bpm:.0f})"
    figures = {
        "duration": describe_time(row.duration_s),
        "rate": f"{row.fs_hz:g} Hz",
        "channel": f"{row.channel} ({row.unit or 'no unit'})",
        "beats": str(row.n_beats),
        "heart rate": rate,
        "quality": f"{row.quality or 0.0:.2f}",
        "not recorded": f"{100 * (row.share_not_recorded or 0.0):.1f} %",
    }
    pairs = (f"<div><dt>{key}</dt><dd>{escape(value)}</dd></div>" for key, value in figures.items())
    return f"<dl>{''.join(pairs)}</dl>"


def _list_sentences(sentences: Sequence[str], kind: str) -> str:
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f"<ul class='{kind}'>{items}</ul>" if items else ""
