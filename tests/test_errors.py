"""Every exception that the package raises on purpose is in one module, and in the tree that its docstring draws."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import ecg_facial
from ecg_facial import errors

PACKAGE = Path(ecg_facial.__file__).parent


def defined() -> dict[str, type[BaseException]]:
    return {
        name: found
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, errors.EcgFacialError)
    }


def test_the_tree_in_the_docstring_names_every_exception_and_no_other() -> None:
    drawn = set(re.findall(r"\w+Error\b", (errors.__doc__ or "").partition("::")[2]))
    assert drawn == set(defined())


def test_no_other_module_defines_an_exception_of_the_package() -> None:
    elsewhere = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} & set(defined())
    ]
    assert not elsewhere
