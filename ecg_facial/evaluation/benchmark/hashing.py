"""Digests of what a method learned, and of the code that it is made of.

Input: any object. Output: SHA-256. `hash_value` goes by content: arrays, trees, estimators and networks with equal
content have equal digests, whichever objects share it. It leaves out what says nothing of the fit: durations, and the
counters of search trees. `hash_code` adds the code: of functions their instructions, defaults and cells, and the
functions and constants that they name in their own module, so that a changed function is a changed digest.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

_DURATIONS = ("_time", "_time_")
# states that change when a search tree is asked, though it is the same tree
_SEARCH_TREES = ("KDTree", "BallTree")
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
_OWN_PACKAGE = __name__.split(".", maxsplit=1)[0]


def hash_value(value: Any) -> str:
    """SHA-256 of the content of a fitted object, its parts included; functions count by name."""
    return _Hasher(code=False).digest(value).hex()


def hash_code(value: Any) -> str:
    """SHA-256 of an object and of the code of the user's functions and classes that it holds or names."""
    return _Hasher(code=True).digest(value).hex()


def names_in(code: CodeType) -> set[str]:
    """Names that code, and the functions inside it, ask of their module."""
    inner = [names_in(each) for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*inner)


def is_users(value: Any) -> bool:
    """Whether a function or class belongs to neither an installed package nor this one."""
    name = getattr(value, "__module__", None) or ""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if name.split(".")[0] == _OWN_PACKAGE:
        return False
    # a module without a file: a notebook or the interpreter, or one that is built in
    return name == "__main__" if file is None else not file.startswith((sys.prefix, sys.base_prefix))


class _Hasher:
    """Digest by content, each object once."""

    def __init__(self, *, code: bool) -> None:
        self._code = code
        self._known: dict[int, tuple[Any, bytes]] = {}

    def digest(self, value: Any) -> bytes:
        if isinstance(value, _PLAIN):
            return _join(type(value).__name__, repr(value).encode())
        if id(value) in self._known:
            return self._known[id(value)][1]
        # a value inside itself counts by its kind alone
        self._known[id(value)] = value, _join("again", type(value).__qualname__.encode())
        made = self._look(value)
        self._known[id(value)] = value, made
        return made

    def _look(self, value: Any) -> bytes:
        for kinds, look in self._ways:
            if isinstance(value, kinds):
                return look(self, value)
        return self._object(value)

    def _array(self, value: np.ndarray[Any, Any]) -> bytes:
        about = repr((str(value.dtype), value.shape)).encode()
        if isinstance(value, np.ma.MaskedArray):
            return _join("masked", about, self._array(np.ma.getmaskarray(value)), self._array(value.filled()))
        if value.dtype.names:  # between fields there may be bytes that mean nothing
            return _join(
                "fields", about, *(self._array(np.ascontiguousarray(value[name])) for name in value.dtype.names)
            )
        if value.dtype == object:
            return _join("objects", about, *map(self.digest, value.ravel().tolist()))
        return _join("array", about, value.tobytes())

    def _scalar(self, value: np.generic) -> bytes:
        return self._array(np.asarray(value))

    def _tensor(self, value: torch.Tensor) -> bytes:
        return self._array(value.detach().cpu().numpy())

    def _network(self, value: nn.Module) -> bytes:
        states = {name: self.digest(state) for name, state in value.state_dict().items()}
        code = self._type(type(value)) if self._code else b""
        return _join("network", type(value).__qualname__.encode(), code, *_flatten(states))

    def _mapping(self, value: Mapping[Any, Any]) -> bytes:
        kept = [
            (self.digest(key), self.digest(each))
            for key, each in value.items()
            if not (isinstance(key, str) and key.endswith(_DURATIONS))
        ]
        return _join("mapping", *(part for pair in sorted(kept) for part in pair))

    def _sequence(self, value: Any) -> bytes:
        return _join(type(value).__name__, *map(self.digest, value))

    def _set(self, value: Any) -> bytes:
        return _join("set", *sorted(map(self.digest, value)))

    def _frame(self, value: pd.DataFrame) -> bytes:
        return _join("frame", *(self.digest([name, value[name].to_numpy()]) for name in value))

    def _series(self, value: pd.Series[Any] | pd.Index[Any]) -> bytes:
        return self._array(value.to_numpy())

    def _function(self, value: FunctionType) -> bytes:
        name = f"{value.__module__}.{value.__qualname__}".encode()
        if not (self._code and is_users(value)):
            return _join("function", name)
        cells = [self.digest(_content(cell)) for cell in value.__closure__ or ()]
        defaults = [self.digest(value.__defaults__), self.digest(value.__kwdefaults__)]
        of_module = {
            each: self.digest(value.__globals__[each])
            for each in names_in(value.__code__)
            if each in value.__globals__ and _is_part_of_code(value.__globals__[each])
        }
        return _join("function", name, self._instructions(value.__code__), *cells, *defaults, *_flatten(of_module))

    def _instructions(self, code: CodeType) -> bytes:
        consts = [
            self._instructions(each) if isinstance(each, CodeType) else self.digest(each) for each in code.co_consts
        ]
        return _join("code", code.co_code, repr((code.co_names, code.co_varnames, code.co_freevars)).encode(), *consts)

    def _method(self, value: MethodType) -> bytes:
        return _join("method", self.digest(value.__func__), self.digest(value.__self__))

    def _partial(self, value: functools.partial[Any]) -> bytes:
        return _join("partial", self.digest([value.func, value.args, dict(value.keywords)]))

    def _type(self, value: type) -> bytes:
        name = f"{value.__module__}.{value.__qualname__}".encode()
        if not (self._code and is_users(value)):
            return _join("type", name)
        own = {key: self.digest(_bare(each)) for key, each in vars(value).items() if _is_part_of_code(_bare(each))}
        return _join("type", name, *map(self.digest, value.__bases__), *_flatten(own))

    def _named(self, value: Any) -> bytes:
        return _join("named", getattr(value, "__name__", type(value).__qualname__).encode())

    def _object(self, value: Any) -> bytes:
        kind = self._type(type(value)) if self._code else type(value).__qualname__.encode()
        if type(value).__name__ in _SEARCH_TREES:
            return _join("tree", kind, self._array(np.asarray(value.data)))
        # the trials are known by the fingerprint of the data
        if hasattr(value, "without_labels") or (hasattr(value, "fingerprint") and hasattr(value, "with_table")):
            return _join("data", kind)
        held = getattr(value, "__dict__", None)
        if held:
            return _join("object", kind, self._mapping(held))
        return _join("reduced", kind, *(self.digest(part) for part in _reduce(value)))

    _ways: tuple[tuple[Any, Callable[[_Hasher, Any], bytes]], ...] = (
        (np.ndarray, _array),
        (np.generic, _scalar),
        (torch.Tensor, _tensor),
        (nn.Module, _network),
        (pd.DataFrame, _frame),
        ((pd.Series, pd.Index), _series),
        (FunctionType, _function),
        (MethodType, _method),
        (functools.partial, _partial),
        (type, _type),
        ((BuiltinFunctionType, ModuleType, np.ufunc, np.random.RandomState, np.random.Generator), _named),
        (Mapping, _mapping),
        ((list, tuple), _sequence),
        ((set, frozenset), _set),
    )


def _join(kind: str, *parts: bytes) -> bytes:
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def _flatten(parts: Mapping[str, bytes]) -> list[bytes]:
    return [each for name in sorted(parts) for each in (name.encode(), parts[name])]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _bare(value: Any) -> Any:
    """Take the function out of a descriptor."""
    for name in ("__func__", "fget", "func"):
        if not isinstance(value, functools.partial) and isinstance(getattr(value, name, None), FunctionType):
            return getattr(value, name)
    return value


def _is_part_of_code(value: Any, depth: int = 0) -> bool:
    """Whether a global or an attribute of a class is code or a constant, not state that a run changes."""
    if isinstance(value, (FunctionType, type)):
        return is_users(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return depth < 4 and all(_is_part_of_code(each, depth + 1) for each in value)
    if isinstance(value, dict):
        return depth < 4 and all(_is_part_of_code(each, depth + 1) for pair in value.items() for each in pair)
    return isinstance(value, _PLAIN)


def _reduce(value: Any) -> list[Any]:
    """Give what pickle would write of an object; nothing where it cannot."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:  # whatever an unknown object raises: it counts by its type
        return []
    return [] if isinstance(reduced, str) else [each for each in reduced[1:3] if each is not value]
