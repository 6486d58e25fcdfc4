"""Fields of binary headers, as devices spell them.

Input: bytes of a field. Output: text, or a number. One parser for all formats: padding of blanks or NUL, UTF-8 or
Latin-1, decimal point or comma.
"""

from __future__ import annotations

import math

from ecg_facial.runtime.numbers import NumberStyle, parse_number

_PADDING = "\0 \t\r\n"


def decode_field(field: bytes) -> str:
    r"""Text of a field without its padding; what follows a NUL is no part of it.

    Examples
    --------
    >>> decode_field(b"\xb5V\0\0    "), decode_field("\u00b5V".encode()), decode_field(b"ECG\0 II")
    ('µV', 'µV', 'ECG')
    """
    try:
        text = field.decode("utf-8")
    except UnicodeDecodeError:
        text = field.decode("latin-1")
    return text.strip(_PADDING).partition("\0")[0].strip(_PADDING)


def parse_field(field: bytes | str) -> float:
    r"""Parse a number; NaN where there is none.

    A header has no place for thousands separators, so a comma is the decimal sign.

    Examples
    --------
    >>> [parse_field(field) for field in (b"-2,0000 ", b"32767\0\0\0", "250.0", b"", b"x")]
    [-2.0, 32767.0, 250.0, nan, nan]
    """
    text = decode_field(field) if isinstance(field, bytes) else field.strip(_PADDING)
    found = parse_number(text, NumberStyle(decimal="," if "," in text else ".", is_grouped=False))
    return math.nan if found is None else found
