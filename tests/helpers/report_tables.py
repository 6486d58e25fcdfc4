"""Tables of a report."""

from __future__ import annotations

import re


def read_tables(text: str) -> list[list[list[str]]]:
    """Cells of every table."""
    found = re.findall("<table.*?</table>", text, re.DOTALL)
    return [
        [
            [re.sub("<[^>]*>", "", cell) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall("<tr.*?</tr>", table, re.DOTALL)
        ]
        for table in found
    ]
