"""Names of ECG channels, as devices and people write them.

Input: the name of a channel or of a stream. Output: whether it is that of an ECG. Knows nothing of files.
"""

from __future__ import annotations

import re
import unicodedata

# "ECG2L", "EKGL", "ECG II", "ECGBIT" of BITalino, "ecgraw", "rawECG", and the whole word in other languages
_ECG_WORD = re.compile(
    r"(raw|filtered|clean)?e[ck]g"
    r"(\d+[a-z]?|i{1,3}|av[rlf]|v\d?|[lrab]|lead[i\d]*|bit|bitrev|raw|signals?|data|values?|filtered|clean|waveforms?|wave"
    r"|m?v|uv|ch(annel)?\d*|samples?)?"
    r"|ele[ck]?tro[ck]ardiogram+[aey]?|\u044d\u043a\u0433|\u0435\u043a\u0433|\u03b7\u03ba\u03b3"
)
# Chinese, Japanese and Korean do not separate words
_ECG_ANYWHERE = re.compile("\u5fc3\u7535|\u5fc3\u96fb|\uc2ec\uc804\ub3c4")
# names of leads: standard, modified (ML, M), augmented (aV), chest (V), and of two-channel monitors
_LEAD = re.compile(r"(lead)?(ml?i{1,3}|i{1,3}|ml?[1-6]|av[rlf]|m?v\d{1,2}r?|v|mcl\d|cm\d|d[123])|lead\d{1,2}")
# words that may stand with the name of a lead
_LEAD_QUALIFIERS = frozenset({
    "lead", "channel", "ch", "kanal", "ableitung", "abl", "derivation", "derivacion", "derivazione", "avledning",
    "canal", "odprowadzenie", "afleiding", "ref", "raw", "filtered", "clean", "mv", "uv", "signal",
})  # fmt: skip
_LEAD_WORDS = frozenset({
    "lead", "ableitung", "derivation", "derivacion", "derivazione", "avledning", "odprowadzenie", "afleiding",
})  # fmt: skip
# what is computed from an ECG, or sent beside it, has "ECG" in its name too
_DERIVED = frozenset({
    "rate", "hr", "hrv", "bpm", "rr", "rri", "nn", "ibi", "interval", "rrinterval", "sqi", "quality", "status", "peak",
    "peaks", "rpeak", "rpeaks", "onset", "onsets", "offset", "offsets", "phase", "template", "time", "times",
    "timestamp", "timestamps", "ts", "t", "date", "off", "leadoff", "loff", "contact", "impedance", "battery",
    "counter", "seq", "nseq", "sequence", "index", "idx", "valid", "validity", "flag", "flags", "marker", "markers",
    "trigger", "event", "events", "annotation", "annotations", "noise", "artifact", "artifacts", "artefact",
    "artefacts", "resp", "respiration", "edr", "temp", "temperature",
})  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAX_NAME = 400


def looks_like_ecg(name: str) -> bool:
    """Tell whether a name is that of an ECG: it has a word for it, or is a lead.

    A rate, a quality, a counter or a time stamp beside an ECG is none.

    Examples
    --------
    >>> [looks_like_ecg(name) for name in ("ECG II", "ECG100C", "EcgWaveform", "MLII", "V5", "Lead 2", "LeadII")]
    [True, True, True, True, True, True, True]
    >>> [looks_like_ecg(name) for name in ("ECG_Rate", "ECG_LeadOff", "ecg_seq", "gsr", "EEG Fpz", "channel 2")]
    [False, False, False, False, False, False]
    """
    name = name[:_MAX_NAME]
    plain = name if name.isascii() else _strip_accents(name)
    if _ECG_ANYWHERE.search(name):
        return True
    whole = _split(plain)
    parts = _split(_CAMEL.sub(" ", plain))
    if _DERIVED & {word.rstrip("0123456789") for word in (*whole, *parts)}:
        return False
    return any(map(_ECG_WORD.fullmatch, (*whole, *parts))) or _is_lead(whole) or _is_lead(parts)


def _split(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", text.lower()) if word]


def _strip_accents(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def _is_lead(words: list[str]) -> bool:
    rest = [word for word in words if word not in _LEAD_QUALIFIERS]
    if len(rest) != 1:
        return False
    # "Lead 2"
    return bool(_LEAD.fullmatch(rest[0])) or (
        bool(_LEAD_WORDS & set(words)) and rest[0].isdecimal() and len(rest[0]) < 3
    )
