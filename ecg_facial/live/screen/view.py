"""The whole screen: a banner, the patients' panels, and the keys.

Input: the states of all patients. Output: something that rich draws, in whatever size the terminal has. Where panels
would be too small, each patient is a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from ecg_facial.live.screen.lines import format_line
from ecg_facial.live.screen.panel import make_panel
from ecg_facial.live.screen.words import SIMULATED
from ecg_facial.live.state import PatientState

_RESEARCH = "research only, not a medical device"
# smallest panel that holds alarms, estimate and signals
_MIN_COLUMNS, _MIN_ROWS = 38, 8


@dataclass(frozen=True, kw_only=True)
class MonitorView:
    """The screen at one moment.

    Attributes
    ----------
    states : sequence of PatientState
    selected : int
        Number of the patient on whom keys act.
    foot : str
        Keys, or what is being typed.
    address : str
        Of the page that shows the same; empty without one.
    """

    states: Sequence[PatientState]
    selected: int = 0
    foot: str = ""
    address: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw for the size that there is."""
        width, height = options.max_width, options.height or console.height
        banner, foot = self._make_banner(), Text(self.foot, style="reverse")
        banner_rows, foot_rows = (len(text.wrap(console, width)) if text else 0 for text in (banner, foot))
        yield banner
        yield self._arrange(width, height - banner_rows - foot_rows)
        if self.foot:
            # without its line break, which would move the whole screen
            foot.end = ""
            yield foot

    def _make_banner(self) -> Text:
        banner = Text("ecg_facial monitor ", style="bold")
        if any(state.simulated for state in self.states):
            banner.append(f" {SIMULATED} ", style="bold white on magenta").append(" ")
        banner.append(_RESEARCH, style="not bold yellow")
        if self.address:
            banner.append(f"  page: {self.address}", style="not bold cyan")
        return banner

    def _arrange(self, width: int, height: int) -> RenderableType:
        """Put the panels into as few columns as leave every panel high enough."""
        count = len(self.states)
        for columns in range(1, max(1, width // _MIN_COLUMNS) + 1):
            rows = -(-count // columns)
            if rows and height // rows >= _MIN_ROWS and (width // columns < 100 or columns >= count or rows == 1):
                return self._fill_grid(width, height, columns=columns, rows=rows)
        lines = [format_line(state) for state in self.states]
        return Text("\n".join(lines[: max(1, height)]), no_wrap=count > 1, overflow="ellipsis")

    def _fill_grid(self, width: int, height: int, *, columns: int, rows: int) -> Table:
        grid = Table.grid(expand=False)
        column_width, row_height = width // columns, height // rows
        for _ in range(columns):
            grid.add_column(width=column_width)
        panels = [
            make_panel(
                state,
                column_width,
                height=row_height,
                selected=place == self.selected and len(self.states) > 1,
            )
            for place, state in enumerate(self.states)
        ]
        for row in range(rows):
            grid.add_row(*panels[row * columns : (row + 1) * columns])
        return grid
