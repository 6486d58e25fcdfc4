"""Text about an ECG, for its sheet and for others who show findings.

Input: findings. Output: words and lines of text.
"""

from __future__ import annotations

import math
import textwrap

from ecg_facial.inspection.findings import LOW_QUALITY, Findings


def describe_head(findings: Findings, *, n_characters: int) -> list[str]:
    """Make the lines above a strip, each of at most `n_characters`."""
    signal = findings.signal
    title = f"{findings.reading.name}, {findings.reading.channel}"
    about = (
        f"{findings.reading.kind}, {signal.fs_hz:g} Hz, {describe_time(signal.duration_s)}, "
        f"unit {signal.unit or 'unknown'}, {100 * findings.share_not_recorded:.1f} % not recorded"
    )
    found = (
        f"{len(findings.beats)} beats, heart rate {describe_rate(findings)}, signal quality "
        f"{describe_quality(findings)}"
    )
    notes = [f"Note: {note}." for note in findings.notes]
    # the title has a larger font, and shares its line with the word SIMULATED
    title = textwrap.shorten(title, int(0.6 * n_characters), placeholder="...")
    return [title, *(line for text in (about, found, *notes) for line in textwrap.wrap(text, n_characters))]


def describe_scale(mm_per_unit: float, *, in_mv: bool, cut: bool = False) -> str:
    """Describe the scales of a strip, and whether its trace leaves the paper."""
    height = f"{mm_per_unit:g} mm/mV" if in_mv else "amplitude in the file's own numbers"
    beyond = "   parts of the trace are beyond the paper" if cut else ""
    return f"25 mm/s   {height}{beyond}   triangles: R-peaks (hollow: uncertain). For research; not a medical device."


def describe_time(seconds: float) -> str:
    """Format a duration.

    Examples
    --------
    >>> describe_time(5.5), describe_time(1805.6), describe_time(86400.0)
    ('5.5 s', '30 min 6 s', '24 h 0 min')
    """
    if seconds < 120:
        return f"{seconds:.4g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def describe_rate(findings: Findings) -> str:
    """Give the heart rate and its usual range, or ``unknown``."""
    if not math.isfinite(findings.heart_rate_bpm):
        return "unknown"
    low, high = findings.heart_rate_range_bpm
    return f"{findings.heart_rate_bpm:.1f} bpm (nine of ten beats: {low:.0f} to {high:.0f})"


def describe_quality(findings: Findings) -> str:
    """Give the median signal quality, and the share of time with a low one."""
    text = f"{findings.median_quality:.2f} of 1"
    share = findings.share_low_quality
    return f"{text}, below {LOW_QUALITY:g} in {100 * share:.0f} % of the time" if share else text
