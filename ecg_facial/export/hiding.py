"""Texts of a monitor without the files that they name.

Input: messages and names of sources, as a store holds them. Output: the same without paths and names of files: a
folder or a recording is often named after a person. Notes that a person wrote are not touched: nobody but the writer
knows what is in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PATH = "(path)"
# names of replayed recordings, see `live.sources.replay`; a file's name may hold a comma
_REPLAYED = re.compile(r"(video|ECG) (?!\(not connected\))(\S.*)")
_BETWEEN = re.compile(r", (?=(?:video|ECG|camera|LSL stream|BrainFlow board) )")
# an absolute path, which may hold blanks, up to the next mark; a relative one, which has an ending
_ENDS = r"[^:;,'\"()\n]*"
_ABSOLUTE = re.compile(rf"(?<![\w.~/\\])(?:[A-Za-z]:[\\/]|~?/(?=\S)|\\\\){_ENDS}")
_RELATIVE = re.compile(r"[^\s:;,'\"()]+[\\/][^\s:;,'\"()]*\.\w+")


def hide_sources(sources: str) -> str:
    """Give the sources of a session without the names of recorded files.

    Examples
    --------
    >>> hide_sources("video anna.mp4, ECG anna.csv"), hide_sources("camera 0, LSL stream Amplifier")
    ('video recording, ECG recording', 'camera 0, LSL stream Amplifier')
    """
    return ", ".join(_REPLAYED.sub(r"\1 recording", piece) for piece in _BETWEEN.split(sources))


def hide_files(text: str, *, sources: str, known: Sequence[str] = ()) -> str:
    """Give a message of the monitor without paths and names of recorded files.

    Parameters
    ----------
    text : str
    sources : str
        Of the session, as stored: the names of its recordings.
    known : sequence of str
        Paths that may stand in it, such as the store's.

    Examples
    --------
    >>> hide_files("/srv/anna b/p.sqlite: cannot be written; make room", sources="")
    '(path): cannot be written; make room'
    >>> hide_files("0.4 s of ECG were lost (60 beats/min)", sources="")
    '0.4 s of ECG were lost (60 beats/min)'
    """
    if sources:
        text = text.replace(sources, hide_sources(sources))
    recorded = [found[2] for piece in _BETWEEN.split(sources) if (found := _REPLAYED.fullmatch(piece))]
    for name in (*known, *recorded):
        # a short name must not be found inside words
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", PATH, text)
    return _RELATIVE.sub(PATH, _ABSOLUTE.sub(PATH, text))
