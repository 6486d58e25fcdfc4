"""A default is written once, in settings that are light to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ecg_facial

PACKAGE = Path(ecg_facial.__file__).parent
# these values say "nothing", or "from the start": they are no choice that somebody could change
PLAIN = (None, False, 0, 0.0, "", ())
HEAVY = ("torch", "cv2", "av", "pandas", "scipy", "sklearn", "onnxruntime", "matplotlib")


@dataclass(frozen=True)
class Default:
    """A literal default: of a field or a parameter, where it stands."""

    path: Path
    owner: str
    name: str
    value: object

    def __str__(self) -> str:
        return f"{self.path.relative_to(PACKAGE)}: {self.owner}({self.name}={self.value!r})"


def is_settings(path: Path) -> bool:
    return path.stem == "settings" or path.stem.endswith("_settings")


def list_defaults(path: Path, tree: ast.AST) -> Iterator[Default]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            pairs = [
                (item.target.id, item.value)
                for item in node.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None
            ]
        elif isinstance(node, ast.FunctionDef):
            places = [*node.args.posonlyargs, *node.args.args]
            named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            pairs = [(item.arg, value) for item, value in named if value is not None]
            n = len(node.args.defaults)
            pairs += [
                (item.arg, value) for item, value in zip(places[-n:] if n else [], node.args.defaults, strict=True)
            ]
        else:
            continue
        for name, value in pairs:
            try:
                literal = ast.literal_eval(value)
            except ValueError:
                continue
            if not any(type(literal) is type(plain) and literal == plain for plain in PLAIN):
                yield Default(path, node.name, name, literal)


def find_defaults(root: Path) -> list[Default]:
    paths = sorted(root.rglob("*.py"))
    return [item for path in paths for item in list_defaults(path, ast.parse(path.read_text(encoding="utf-8")))]


DEFAULTS = find_defaults(PACKAGE)
SETTINGS = {(item.name, repr(item.value)): item for item in DEFAULTS if is_settings(item.path)}


def test_the_search_finds_defaults(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("class A:\n    x: int = 3\n    y: None = None\n    z: int = B.z\n")
    (tmp_path / "b.py").write_text("def f(a, b=1, /, c='d', *, e=2.5, g=False): ...\n")
    found = [(item.owner, item.name, item.value) for item in find_defaults(tmp_path)]
    assert found == [("f", "e", 2.5), ("f", "b", 1), ("f", "c", "d"), ("A", "x", 3)]


def test_the_command_line_writes_no_default_of_its_own() -> None:
    assert [str(item) for item in DEFAULTS if "cli" in item.path.parts] == []


def test_no_function_and_no_other_class_repeats_a_default_of_the_settings() -> None:
    repeated = [
        f"{item} repeats {SETTINGS[item.name, repr(item.value)]}"
        for item in DEFAULTS
        if (item.name, repr(item.value)) in SETTINGS and SETTINGS[item.name, repr(item.value)].path != item.path
    ]
    assert repeated == []


def test_settings_import_nothing_heavy() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if is_settings(path)]
    modules = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths]
    assert "ecg_facial.evaluation.benchmark.settings" in modules
    program = (
        "import importlib, sys\n"
        f"for module in {modules}:\n"
        "    importlib.import_module(module)\n"
        f"    print(*(f'{{module}} imports {{name}}' for name in {HEAVY} if name in sys.modules), sep='\\n', end='')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
