"""Pickles for a fresh interpreter: what stands in a module travels by reference, local functions with their cells.

Input: a value; the program's own module. Output: bytes, of which any `pickle.loads` makes the value again in an
interpreter that can import the modules. It holds nothing of what the globals of these modules are here.
"""

from __future__ import annotations

import ast
import importlib
import io
import marshal
import pickle
import sys
from pathlib import Path
from types import CellType, FunctionType
from typing import Any

from ecg_facial.errors import SettingsError

MAIN = "__main__"


def pack_by_reference(value: Any) -> tuple[bytes, bool]:
    """Pickle for a fresh process: what stands in a module by reference, local functions with the cells they hold.

    Returns
    -------
    bytes
    bool
        Whether the program's own module must be imported there.

    Raises
    ------
    SettingsError
        When it cannot be pickled.
    """
    import cloudpickle

    guarded, used = main_file() is not None, [False]

    class Packer(cloudpickle.CloudPickler):  # type: ignore[misc]  # has no types
        def reducer_override(self, given: Any) -> Any:
            if isinstance(given, (FunctionType, type)):
                module, named = getattr(given, "__module__", None), _is_named(given)
                if module == MAIN and guarded:
                    used[0] = True
                    if named:
                        return _look_up, (module, given.__qualname__)
                if isinstance(given, FunctionType) and not named and _can_load(module, guarded=guarded):
                    return _reduce_function(given)
            return super().reducer_override(given)

    packed = io.BytesIO()
    try:
        Packer(packed).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
        raise SettingsError(
            f"this work cannot be sent to a fresh process ({error}): name its functions and classes at the top of a "
            "module that can be imported"
        ) from None
    return packed.getvalue(), used[0]


def _is_named(value: FunctionType | type) -> bool:
    """Whether a function or class is what its module has under its name."""
    try:
        return _look_up(value.__module__, value.__qualname__) is value
    except (AttributeError, ImportError, ValueError):
        return False


def _look_up(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _can_load(module: str | None, *, guarded: bool) -> bool:
    """Whether a fresh process can import a module."""
    return guarded if module == MAIN else module in sys.modules and hasattr(sys.modules[module], "__file__")


def _reduce_function(function: FunctionType) -> tuple[Any, ...]:
    """Take a local function apart: its code and cells; its globals are those of its module, imported anew."""
    cells = function.__closure__ or ()
    made = (function.__module__, marshal.dumps(function.__code__), function.__name__, len(cells))
    state = {
        "cells": [_read_cell(cell) for cell in cells],
        "set": {
            "__defaults__": function.__defaults__,
            "__kwdefaults__": function.__kwdefaults__,
            "__qualname__": function.__qualname__,
        },
        "dict": dict(function.__dict__),
    }
    return _make_function, made, state, None, None, _fill_function


def _read_cell(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _make_function(module: str, code: bytes, name: str, n_cells: int) -> FunctionType:
    made = marshal.loads(code)  # noqa: S302  # from the process that started this one
    of = importlib.import_module(module).__dict__
    return FunctionType(made, of, name, None, tuple(CellType() for _ in range(n_cells)))


def _fill_function(function: FunctionType, state: dict[str, Any]) -> None:
    for cell, content in zip(function.__closure__ or (), state["cells"], strict=True):
        if content:
            cell.cell_contents = content[0]
    for name, value in state["set"].items():
        setattr(function, name, value)
    function.__dict__.update(state["dict"])


def main_file() -> str | None:
    """File of the program, where importing it again does not start its work again."""
    main = sys.modules[MAIN]
    file = getattr(main, "__file__", None)
    if file is None or getattr(main, "__spec__", None) is not None or not Path(file).is_file():
        return None
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return None
    tests = [ast.unparse(node.test) for node in tree.body if isinstance(node, ast.If)]
    return file if any("__name__" in test and MAIN in test for test in tests) else None
