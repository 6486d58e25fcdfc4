"""Keeping a package out of a program that a test starts."""

from __future__ import annotations


def block_imports(*names: str) -> str:
    """Lines of Python after which importing any of the packages fails, as where they are not installed.

    Not by ``sys.modules[name] = None``: scipy 1.17 takes a None there for torch itself and fails on import.
    """
    return f"""\
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""
