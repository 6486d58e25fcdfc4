"""The public names: one list, lazy, documented, and honest about a missing extra."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from blocking import block_imports

import ecg_facial

SOURCE = Path(ecg_facial.__file__)
API_PAGE = SOURCE.parents[1] / "docs" / "api.rst"
NAMES = sorted(ecg_facial.__all__)
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(ecg_facial, name))]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def list_typed_imports() -> dict[str, str]:
    """Public names that editors and mypy see, with the module that each is imported from."""
    blocks = [node for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_what_editors_see_is_what_is_imported_on_first_use() -> None:
    homes = {name: f"ecg_facial.{home}" for name, home in ecg_facial._HOMES.items()}
    assert list_typed_imports() == homes
    assert sorted(homes) == NAMES


def test_the_docstring_lists_every_public_name_and_no_other() -> None:
    listed = re.findall(r"^    (`.*)$", inspect.cleandoc(ecg_facial.__doc__ or ""), flags=re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(listed))) == NAMES


def test_the_api_page_lists_every_public_name_and_no_other() -> None:
    entries = re.findall(r"^   (\w+)$", API_PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(entries) == NAMES


def test_a_name_is_found_by_dir_and_an_unknown_one_is_an_attribute_error() -> None:
    assert set(NAMES) <= set(dir(ecg_facial))
    with pytest.raises(AttributeError, match="no attribute 'fitness'"):
        ecg_facial.fitness  # noqa: B018


@pytest.mark.parametrize("name", [name for name in NAMES if callable(getattr(ecg_facial, name))])
def test_a_public_object_has_a_docstring_with_the_sections_that_its_signature_asks_for(name: str) -> None:
    found = getattr(ecg_facial, name)
    text = inspect.getdoc(found) or ""
    assert len(text.split("\n\n")[0]) > 10
    # nobody makes an error or a protocol by hand
    unmade = name == "EcgFacialError" or getattr(found, "_is_protocol", False)
    parameters = {} if unmade else inspect.signature(found).parameters
    heading = "Parameters" if name in FUNCTIONS or not hasattr(found, "__dataclass_fields__") else "Attributes"
    assert not parameters or f"{heading}\n-----" in text
    section = text.partition(f"{heading}\n---")[2]
    missing = [parameter for parameter in parameters if not re.search(rf"^(.*, )?{parameter}\b", section, re.MULTILINE)]
    assert missing == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_documents_what_it_returns_and_takes_keywords_after_the_second_argument(name: str) -> None:
    function = getattr(ecg_facial, name)
    assert re.search(r"^(Returns|Yields)\n-----", inspect.getdoc(function) or "", flags=re.MULTILINE)
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for kind in kinds[2:])


def test_importing_the_package_loads_nothing_but_itself_and_the_standard_library() -> None:
    program = "import sys; before = set(sys.modules); import ecg_facial; print(*sorted(set(sys.modules) - before))"
    loaded = run(program).stdout.split()
    assert {name.partition(".")[0] for name in loaded} <= {"ecg_facial", *sys.stdlib_module_names}
    assert [name for name in loaded if name.startswith("ecg_facial")] == ["ecg_facial", "ecg_facial.version"]


@pytest.mark.parametrize(
    ("name", "blocked", "extra"),
    [("FacialModel", "torch", "train"), ("score", "jinja2", "evaluate"), ("benchmark", "joblib", "train")],
)
def test_a_name_without_its_extra_says_how_to_install_it(name: str, blocked: str, extra: str) -> None:
    done = run(f"{block_imports(blocked)}\nfrom ecg_facial import {name}")
    assert done.stderr.splitlines()[-1] == (
        f"ecg_facial.errors.MissingDependencyError: {blocked} is needed here and is not installed: "
        f"pip install 'ecg-facial[{extra}]'"
    )


def test_the_package_says_that_it_is_typed() -> None:
    assert (SOURCE.parent / "py.typed").is_file()


def test_the_version_is_written_once_and_cited() -> None:
    text = (SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert ecg_facial.__version__ not in re.sub(r'"[^"]*[<>=]=[^"]*"', "", text)
    citation = (SOURCE.parents[1] / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {ecg_facial.__version__}\n" in citation
