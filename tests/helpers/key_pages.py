"""Keys of files, and keys of the page that documents them."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from write_keys import FILES, make_page

from ecg_facial.runtime.records import field_types

Keys = Counter[tuple[str, str]]


def read_page() -> set[tuple[str, str]]:
    """Class and key of every row of the page; a file's own table counts for its class."""
    roots, keys, heading = {file: kind.__name__ for file, kind in FILES}, set(), ""
    for line in make_page().splitlines():
        if line.startswith(("## ", "### ")):
            heading = line.lstrip("# ")
        elif (row := re.match(r"\| `([^`]+)` \|", line)) and heading != "predictions.csv":
            keys.add((roots.get(heading, heading), row.group(1)))
    return keys


def collect_keys(content: Any, hint: Any, seen: Keys) -> None:
    """Count the keys of parsed JSON by the class that the type hint names for them."""
    origin, parts = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and content is not None:
        seen.update((hint.__name__, key) for key in content)
        for key, part in field_types(hint).items():
            collect_keys(content.get(key), part, seen)
    elif origin is tuple:
        for item in content or ():
            collect_keys(item, parts[0], seen)
    elif origin is Mapping:
        for item in (content or {}).values():
            collect_keys(item, parts[1], seen)
    elif content is not None:
        for part in parts:
            collect_keys(content, part, seen)
