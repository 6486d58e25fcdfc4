"""Write the tree of the repository, one line per file: ``python tools/write_tree.py OUT.md``.

Input: the first sentences of the modules' docstrings, the titles of the pages, and notes below for other files.
Output: a page of the documentation; `docs/conf.py` calls `write_tree` on every build, so that the page cannot go stale.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("ecg_facial", "examples", "benchmarks", "tools", "docs", "tests")
OTHERS = {
    "Makefile": "demo, test, check, docs, oracles, bench",
    ".ci/run": "calls `make test`",
    "CHANGELOG.md": "what users notice",
    "CONTRIBUTING.md": "how the code is written",
    "MODEL_CARD.md": "what the models are, and uses advised against",
    "CITATION.cff": "how to cite, and whom",
    "constraints.txt": "the versions that every install is held to",
    "requirements-oracles.txt": "independent libraries that `make oracles` compares with",
}
NOTES = {
    "ecg_facial/py.typed": "Marks the package as typed",
    "ecg_facial/assets/example.npz": "ECG of `load_example`, simulated, made by `tools/make_example.py`",
    "ecg_facial/assets/head.npz": "Neutral head, shapes and expressions",
    "ecg_facial/assets/resnet18_rendered.safetensors": "ResNet18 trained on rendered heads, fp16",
    "ecg_facial/evaluation/report/templates/report.html.j2": "Frame of the report",
    "ecg_facial/evaluation/report/templates/style.css": "How it looks on screen and on paper",
    "ecg_facial/evaluation/report/templates/audit.html.j2": "Verdict of the leakage audit",
    "ecg_facial/evaluation/report/templates/models.html.j2": "Models beside chance, each other and published results",
    "ecg_facial/evaluation/report/templates/probabilities.html.j2": "Calibration, abstention, conformal, retest",
    "ecg_facial/evaluation/report/templates/data.html.j2": "Subjects, trials, exclusions",
    "ecg_facial/evaluation/report/templates/protocol.html.j2": "Protocol, how to repeat the run, reporting checklist",
    "ecg_facial/service/page/page.css": "How the page looks, dark and light, on any screen",
    "docs/model_card.md": "The model card as a page",
    "docs/contributing.md": "How the code is written, as a page",
    "docs/changes.md": "What users notice, as a page",
    "tests/windows/golden": "What `make_window` made when its version was last raised",
}
SHOWN = {".md", ".rst", ".npz", ".safetensors", ".j2", ".css", ".typed", ".py"}
GENERATED, IGNORED = "generated", ("docs/_static", "docs/_templates")
_NOTE_COLUMN = 42


def write_tree(out: Path) -> None:
    """Write the page."""
    out.parent.mkdir(parents=True, exist_ok=True)
    text = f"# Every file, in one line each\n\n```text\n{make_tree()}```\n"
    if not out.is_file() or out.read_text(encoding="utf-8") != text:
        out.write_text(text, encoding="utf-8")


def make_tree() -> str:
    """Make the whole tree, one line per file."""
    lines = [format_line(name, note, 0) for name, note in OTHERS.items()]
    lines += [line for folder in FOLDERS for line in list_folder(ROOT / folder, 0)]
    return "\n".join(lines) + "\n"


def list_folder(folder: Path, depth: int) -> Iterator[str]:
    """Lines of a folder: what it is, its files, its subfolders."""
    name, about = folder.relative_to(ROOT).as_posix(), folder / "__init__.py"
    note = describe(about) if about.is_file() else NOTES.get(name, "")
    yield format_line(folder.name + "/", note, depth)
    if name in NOTES:
        return
    paths = [path for path in sorted(folder.iterdir()) if path.name[0] not in "_." or path.name == "__main__.py"]
    for path in (path for path in paths if path.is_file() and path.suffix in SHOWN):
        yield format_line(path.name, describe(path), depth + 1)
    for path in (path for path in paths if path.is_dir() and path.name != GENERATED):
        yield from list_folder(path, depth + 1)


def describe(path: Path) -> str:
    """First sentence of a module's docstring, title of a page, or the note on another file.

    Raises
    ------
    ValueError
        When there is none.
    """
    name = path.relative_to(ROOT).as_posix()
    note = NOTES.get(name) or _find_title(path)
    if not note:
        raise ValueError(
            f"{name}: nothing says what it is; write a docstring or a title, or add a note to tools/write_tree.py"
        )
    return note


def _find_title(path: Path) -> str:
    text = path.read_text(encoding="utf-8") if path.suffix in (".py", ".md", ".rst") else ""
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(text)) or ""
    return next((line.strip("# ").rstrip(".") for line in text.splitlines() if line.strip("# =:(`")), "")


def format_line(name: str, note: str, depth: int) -> str:
    """One line: the name, indented, and the note in its column."""
    return f"{'  ' * depth + name:{_NOTE_COLUMN}} {note}".rstrip()


if __name__ == "__main__":
    write_tree(Path(sys.argv[1]))
