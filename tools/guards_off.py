"""Take each guard of `guards.py` away, and see its tests fail: ``python tools/guards_off.py [FAULT ...]``.

Input: the files that git knows, as they are in the working tree; kinds of fault, all by default. Output: a line per
guard, and in the end how many were found missing. Nothing is changed in the working tree: guards are taken away in a
copy of it. Exit code 1 where a guard can go without a test that fails; 2 where one does not stand in the code as the
table has it, or a test fails with the guard, too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from guards import GUARDS, Guard

ROOT = Path(__file__).resolve().parent.parent
# recordings and models that lie beside some checkouts, which tests look for there
BESIDE = "shared"


class GuardError(Exception):
    """A guard does not stand in the code as the table has it."""


def find_text(guard: Guard, root: Path) -> str:
    """Read the file of a guard.

    Raises
    ------
    GuardError
        Where its text does not stand there exactly once.
    """
    path = root / guard.file
    content = path.read_text(encoding="utf-8") if path.is_file() else ""
    number = content.count(guard.text)
    if number != 1:
        raise GuardError(f"{guard.file}: the guard against {guard.about!r} stands there {number} times, expected once")
    return content


@contextmanager
def taken_away(guard: Guard, root: Path) -> Iterator[None]:
    """Take a guard away for a time."""
    content = find_text(guard, root)
    (root / guard.file).write_text(content.replace(guard.text, guard.instead), encoding="utf-8")
    try:
        yield
    finally:
        (root / guard.file).write_text(content, encoding="utf-8")


def copy_tree(root: Path, folder: Path) -> Path:
    """Copy the files that git knows, or would take; what lies beside the checkout is linked."""
    listed = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (root / name).is_file():
            (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / "checkout" / name)
    if (root.parent / BESIDE).is_dir():
        (folder / BESIDE).symlink_to((root.parent / BESIDE).resolve())
    return folder / "checkout"


def run_tests(tests: Sequence[str], root: Path) -> tuple[bool, str]:
    """Run tests of a copy; whether all passed, and the one that failed first.

    Raises
    ------
    GuardError
        Where pytest ends in another way than by tests that pass or fail, such as without any test.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout", "300", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    failed = re.search(r"^FAILED (.*?)(?: - |$)", done.stdout, re.MULTILINE)
    if done.returncode == 0 and re.search(r"\d passed", done.stdout):
        return True, ""
    if done.returncode == 1 and failed:
        return False, failed[1]
    raise GuardError(f"pytest {' '.join(tests)} ended with code {done.returncode}: {done.stdout[-2000:]}{done.stderr}")


def try_guards(guards: Sequence[Guard], root: Path) -> list[Guard]:
    """Take guards away in a copy of a checkout; return those whose tests pass without them."""
    for guard in guards:
        find_text(guard, root)
    unnoticed = []
    with TemporaryDirectory(prefix="guards-") as folder:
        copy = copy_tree(root, Path(folder))
        for guard in guards:
            begun_s = time.monotonic()
            with taken_away(guard, copy):
                passed, said = run_tests(guard.tests.split(), copy)
            # a test that fails with the guard, too, has found nothing
            if not passed and not run_tests([said], copy)[0]:
                raise GuardError(f"{said} fails with the guard, too: mend it first")
            unnoticed += [guard] if passed else []
            found = "NOT FOUND" if passed else "found"
            print(f"{found}: {guard.fault}: {guard.about} ({time.monotonic() - begun_s:.0f} s) {said}", flush=True)
    return unnoticed


def main(faults: Sequence[str]) -> int:
    """Try all guards, or those against some kinds of fault."""
    known = sorted({guard.fault for guard in GUARDS})
    if unknown := sorted(set(faults) - set(known)):
        print(f"{', '.join(unknown)}: expected of {', '.join(known)}", file=sys.stderr)
        return 2
    guards = [guard for guard in GUARDS if not faults or guard.fault in faults]
    try:
        unnoticed = try_guards(guards, ROOT)
    except GuardError as error:
        print(error, file=sys.stderr)
        return 2
    n_faults = len({guard.fault for guard in guards})
    print(f"{len(guards) - len(unnoticed)} of {len(guards)} guards found missing, against {n_faults} kinds of fault")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
