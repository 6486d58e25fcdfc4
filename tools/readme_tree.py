"""Write the tree of the README from the modules' own docstrings: ``python tools/readme_tree.py [--check]``.

Without an argument the tree between the markers of README.md is replaced; ``--check`` only says whether it is true.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- tree: made by tools/readme_tree.py -->\n```\n", "```\n<!-- end of the tree -->"
FOLDERS = ("ecg_facial", "examples", "benchmarks", "tools", "docs", "tests")
OTHERS = {
    "Makefile": "demo, test, check, oracles, bench",
    ".ci/run": "calls `make test`",
    "CHANGELOG.md": "what users notice",
    "CONTRIBUTING.md": "how the code is written",
    "MODEL_CARD.md": "what the models are, and uses advised against",
    "CITATION.cff": "how to cite, and whom",
    "constraints.txt": "the versions that every install is held to",
    "requirements-oracles.txt": "independent libraries that `make oracles` compares with",
}
NOTES = {
    "ecg_facial/assets/HEAD_LICENCE.md": "Where the rendered head comes from, and its licence",
    "ecg_facial/assets/head.npz": "Neutral head, shapes and expressions",
    "ecg_facial/assets/resnet18_rendered.safetensors": "ResNet18 trained on rendered heads, fp16",
    "ecg_facial/evaluation/report/templates/report.html.j2": "Frame of the report",
    "ecg_facial/evaluation/report/templates/style.css": "How it looks on screen and on paper",
    "ecg_facial/evaluation/report/templates/audit.html.j2": "Verdict of the leakage audit",
    "ecg_facial/evaluation/report/templates/models.html.j2": "Models beside chance, each other and published results",
    "ecg_facial/evaluation/report/templates/trust.html.j2": "Calibration, abstention, conformal sets, test-retest",
    "ecg_facial/evaluation/report/templates/data.html.j2": "Subjects, trials, exclusions",
    "ecg_facial/evaluation/report/templates/protocol.html.j2": "Protocol, how to repeat the run, reporting checklist",
    "docs/log.md": "What was tried and did not work, with its figures",
    "docs/simulator.md": "Data card of simulated cohorts: sources, difficulty, ceilings, limits",
    "docs/evaluation.md": "What the evaluation computes, and how often it is right",
    "docs/ecg_quality.md": "Signal quality of an ECG: what it is, how well it holds, what it is not",
    "docs/ecg_quality.svg": "Its reliability diagram",
    "docs/ecg_files.md": "ECG files: formats, units, which channel, the command `ecg`, what is refused",
    "docs/subjects.svg": "Picture of this page, from the demo's report",
    "tests/windows/golden": "What `make_window` made when its version was last raised",
}
_NOTE_COLUMN = 42


def describe(path: Path) -> str:
    """First sentence of a module's docstring, or the note for another file."""
    name = path.relative_to(ROOT).as_posix()
    if path.suffix != ".py":
        return NOTES[name]
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0].rstrip(".") if text else ""


def list_folder(folder: Path, depth: int) -> Iterator[str]:
    """Lines of a folder: what it is, its files, its subfolders."""
    about = folder / "__init__.py"
    note = describe(about) if about.is_file() else NOTES.get(folder.relative_to(ROOT).as_posix(), "")
    yield format_line(folder.name + "/", note, depth)
    if note and not about.is_file():
        return
    paths = [path for path in sorted(folder.iterdir()) if path.name[0] not in "_." or path.name == "__main__.py"]
    for path in (path for path in paths if path.is_file()):
        yield format_line(path.name, describe(path), depth + 1)
    for path in (path for path in paths if path.is_dir() and not path.name.endswith(".egg-info")):
        yield from list_folder(path, depth + 1)


def format_line(name: str, note: str, depth: int) -> str:
    """One line: the name, indented, and the note in its column."""
    return f"{'  ' * depth + name:{_NOTE_COLUMN}} {note}".rstrip()


def make_tree() -> str:
    """Make the whole tree, a line a file."""
    lines = [format_line(name, note, 0) for name, note in OTHERS.items()]
    lines += [line for folder in FOLDERS for line in list_folder(ROOT / folder, 0)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Replace the README's tree, or check it."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    made = f"{before}{START}{make_tree()}{END}{after}"
    if "--check" in sys.argv:
        sys.exit(0 if made == text else "the README's tree is not true: run python tools/readme_tree.py")
    readme.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
