"""Large digits and small curves made of block characters.

Input: text of digits, or a series. Output: lines of text.
"""

from __future__ import annotations

from collections.abc import Sequence

# five rows per character, one bit per column
_GLYPHS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", " ##", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", " # ", " # ", " # "),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    "-": ("   ", "   ", "###", "   ", "   "),
    ".": (" ", " ", " ", " ", "#"),
}
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_BARS = "▁▂▃▄▅▆▇█"


def draw_digits(text: str, *, large: bool) -> list[str]:
    r"""Draw digits, dots and dashes.

    Parameters
    ----------
    text : str
    large : bool
        Five lines and six columns per digit; otherwise three lines and three columns.

    Examples
    --------
    >>> print("\n".join(draw_digits("1.2", large=False)))
    ▄█    ▀▀█
     █    █▀▀
    ▀▀▀ ▀ ▀▀▀
    """
    rows = [" ".join(_GLYPHS[character][row] for character in text) for row in range(5)]
    if large:
        return ["".join(("█" if cell == "#" else " ") * 2 for cell in row) for row in rows]
    rows.append(" " * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_HALVES[above == "#", below == "#"] for above, below in zip(*pair, strict=True)) for pair in pairs]


def draw_curve(values: Sequence[float | None], width: int, *, top: float, height: int = 1) -> list[str]:
    """Draw the last values of a series as bars; blanks where there is no value.

    Parameters
    ----------
    values : sequence of float or None
        From 0 to `top`, the newest last. More values than columns are averaged in equal groups.
    width : int
    top : float
    height : int
        Number of lines.

    Examples
    --------
    >>> draw_curve([0.0, 1.0, None, 3.0], 6, top=3.0)
    ['  ▁▃ █']
    """
    size = max(1, -(-len(values) // max(1, width)))
    # groups end with the newest value: the last bar is never a part of one
    groups = [values[max(0, end - size) : end] for end in range(len(values), 0, -size)][::-1]
    bars = [_draw_bar(group, top, height) for group in groups]
    return ["".join(bar[line] for bar in bars).rjust(width) for line in range(height)]


def _draw_bar(group: Sequence[float | None], top: float, height: int) -> str:
    """Characters of a bar from above to below; the lowest value is still seen."""
    known = [value for value in group if value is not None]
    if not known:
        return " " * height
    share = min(1.0, max(0.0, sum(known) / len(known) / top))
    eighths = 1 + round(share * (8 * height - 1))
    return "".join(" " if filled <= 0 else _BARS[min(filled, 8) - 1] for filled in
                   (eighths - 8 * line for line in reversed(range(height))))  # fmt: skip


def draw_scale(width: int, *, top: float, low: float | None, value: float | None, high: float | None) -> str:
    """Draw a scale from 0 to `top` with an interval and a value on it.

    Examples
    --------
    >>> draw_scale(21, top=3.0, low=1.0, value=1.5, high=2.0)
    '0 ├─────━━●━━─────┤ 3'
    """
    inner = max(1, width - 6)
    cells = ["─"] * inner

    def place(position: float) -> int:
        return min(inner - 1, max(0, round(position / top * (inner - 1))))

    if low is not None and high is not None:
        for cell in range(place(low), place(high) + 1):
            cells[cell] = "━"
    if value is not None:
        cells[place(value)] = "●"
    return f"0 ├{''.join(cells)}┤ {top:g}"
