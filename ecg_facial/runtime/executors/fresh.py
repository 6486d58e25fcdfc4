"""Every task in a fresh process, in which nothing that this process did is left behind.

Input: see `contract`. Output: results in the order of the items. One new interpreter imports the modules named in
`preload`, and is then copied (fork) for each task, so that their import is paid once; where a system cannot copy
processes, each task gets an interpreter of its own. A task whose process died is repeated once, alone. Modules of the
caller are imported anew in every task, with their globals as they are after an import. A script is imported again only
where it has the guard ``if __name__ == "__main__":``; functions of other scripts and of notebooks travel by value, with
the globals that they name (`by_reference`).
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, Self

from ecg_facial.errors import WorkerDiedError
from ecg_facial.runtime.executors.by_reference import MAIN, main_file, pack_by_reference
from ecg_facial.runtime.executors.contract import Executor, Job

_START = "start.json"
_CALL = "from ecg_facial.runtime.executors.fresh import serve; serve()"
_POLL_S = 0.01
_CAN_COPY = hasattr(os, "fork")
_PACKAGES = ("sklearn", "scipy", "pandas", "ecg_facial")


class FreshExecutor(Executor):
    """Runs each task in a process of its own that shares no state with this one; for a ``with`` block.

    Parameters
    ----------
    workers : int
        Tasks at the same time.
    preload : sequence of str
        Modules to import before the tasks; none of them may start threads when it is imported. Of scikit-learn, SciPy
        and this package those that are loaded here are imported too.
    """

    def __init__(self, workers: int = 1, *, preload: Sequence[str] = ()) -> None:
        self.workers = workers
        loaded = [name for name in sys.modules if name.split(".")[0] in _PACKAGES and name != MAIN]
        self.preload = (*preload, *loaded)
        self._folder: TemporaryDirectory[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._n_tasks = 0
        self._exit_codes: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the interpreter behind the tasks."""
        self._stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _run(self, job: Job, items: Sequence[Any], *, ordered: bool, ahead: int) -> Iterator[Any]:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="ecg-facial-fresh-")
        folder, first = Path(self._folder.name), self._n_tasks
        numbers = range(first, first + len(items))
        self._n_tasks += len(items)
        needs_main = [_write_task(folder, number, (job, item)) for number, item in zip(numbers, items, strict=True)]
        main = main_file() if any(needs_main) else None
        for asked in [list(numbers)] if _CAN_COPY else [[number] for number in numbers]:
            if asked:
                self._ask(folder, asked, main=main)
        # a system short of memory ends processes: once more, with nothing beside it
        for number in [each for each in numbers if not _result(folder, each).is_file()]:
            self._ask(folder, [number], main=main)
        for number in numbers:
            yield _take_result(folder, number, exit_code=self._exit_codes.get(number))

    def _ask(self, folder: Path, numbers: Sequence[int], *, main: str | None) -> None:
        """Hand tasks over, and wait until their processes have ended."""
        if self._server is None or not _CAN_COPY:
            self._start(folder)
        server = self._server
        if server is None or server.stdin is None or server.stdout is None:
            return
        asked = {"tasks": list(numbers), "files": _list_own_modules(), "main": main, "workers": self.workers}
        try:
            server.stdin.write(json.dumps(asked).encode() + b"\n")
            server.stdin.flush()
            answer = server.stdout.readline()
        except BrokenPipeError:
            answer = b""  # what has no result is an error of its own
        except BaseException:
            self._stop()  # its answer would be taken for that of the next tasks
            raise
        if answer:
            self._exit_codes |= {int(number): code for number, code in json.loads(answer).items()}
        else:
            self._stop()

    def _stop(self) -> None:
        """End the interpreter; the next task starts another."""
        server, self._server = self._server, None
        if server is not None:
            _end(server)

    def _start(self, folder: Path) -> None:
        """Start the interpreter that works on tasks."""
        self._stop()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each or os.getcwd() for each in sys.path)}
        # a hash seed of its own: what depends on the order of a set must not look reproducible
        environment.pop("PYTHONHASHSEED", None)
        (folder / _START).write_text(json.dumps({"path": sys.path, "preload": self.preload}), encoding="utf-8")
        with (folder / "messages").open("ab") as messages:
            self._server = subprocess.Popen(  # this interpreter, with text of this module
                [sys.executable, "-c", _CALL, str(folder)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                start_new_session=True,
            )


def _write_task(folder: Path, number: int, task: tuple[Job, Any]) -> bool:
    """Write a packed task; tell whether it needs this program's own module."""
    packed, needs_main = pack_by_reference(task)
    (folder / f"task-{number}").write_bytes(packed)
    return needs_main


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an interpreter and the tasks that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _result(folder: Path, number: int) -> Path:
    return folder / f"result-{number}"


def _take_result(folder: Path, number: int, *, exit_code: int | None) -> Any:
    """Read a result, and remove it with its task: they hold all data of a fold."""
    path = _result(folder, number)
    (folder / f"task-{number}").unlink()
    if not path.is_file():
        said = (folder / "messages").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        ended = "" if exit_code is None else f"signal {-exit_code}, " if exit_code < 0 else f"exit code {exit_code}, "
        raise WorkerDiedError(
            f"a fresh process died twice without a result ({ended}{said[-1] if said else 'no message'}), perhaps for "
            "want of memory: run again with fewer workers; what is done is kept"
        )
    there, value = pickle.loads(path.read_bytes())  # noqa: S301  # from the process that was started here
    path.unlink()
    if not there:
        raise value
    return value


def _list_own_modules() -> dict[str, str]:
    """Files of loaded modules that are no installed packages, for those that cannot be found by name."""
    installed = tuple({sys.prefix, sys.base_prefix})
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if name != MAIN}
    return {name: file for name, file in files.items() if isinstance(file, str) and not file.startswith(installed)}


# ---- in the fresh interpreter


def serve() -> None:
    """Work on the tasks that are asked for line by line, each in a copy of this interpreter."""
    folder = Path(sys.argv[1])
    about = json.loads((folder / _START).read_text(encoding="utf-8"))
    sys.path[:], sys.argv[1:] = about["path"], []
    # what tasks print is no answer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    finder = _ByFile({})
    sys.meta_path.append(finder)
    for name in about["preload"]:
        with suppress(Exception):  # a module that cannot be imported first is imported by who needs it
            importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        finder.files = asked["files"]
        exit_codes: dict[int, int] = {}
        if _CAN_COPY:
            exit_codes = _copy_for_each(folder, asked)
        else:
            _work(folder, asked["tasks"][0], asked["main"])
        answers.write(json.dumps(exit_codes).encode() + b"\n")
        answers.flush()


def _copy_for_each(folder: Path, asked: dict[str, Any]) -> dict[int, int]:
    """Fork once per task, so many at a time; end when the process that wants the results is gone. Gives exit codes."""
    wanted_by, waiting, running, codes = os.getppid(), list(asked["tasks"]), dict[int, int](), dict[int, int]()
    while waiting or running:
        while waiting and len(running) < asked["workers"]:
            number, child = waiting.pop(0), os.fork()
            if child == 0:
                _work(folder, number, asked["main"])
                os._exit(0)
            running[child] = number
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended in running:
            codes[running.pop(ended)] = os.waitstatus_to_exitcode(status)
        if not ended:
            time.sleep(_POLL_S)
        if os.getppid() != wanted_by:
            os.killpg(0, signal.SIGKILL)
    return codes


def _work(folder: Path, number: int, main: str | None) -> None:
    """Do one task and write its result, complete or not at all."""
    _draw_seeds()
    result: tuple[bool, Any]
    try:
        if main is not None:
            _load_main(main)
        job, item = pickle.loads((folder / f"task-{number}").read_bytes())  # noqa: S301  # from the caller
        result = True, job.open()(item)
    except Exception as error:  # reaches the caller as it was raised
        traceback.print_exc()
        result = False, error
    try:
        packed = pickle.dumps(result)
        pickle.loads(packed)  # noqa: S301  # some errors can be written and not read
    except Exception:  # an error that cannot travel is told in words
        packed = pickle.dumps((False, RuntimeError(f"{type(result[1]).__name__}: {result[1]}")))
    hidden = folder / f".result-{number}"
    hidden.write_bytes(packed)
    hidden.replace(_result(folder, number))
    sys.stdout.flush()
    sys.stderr.flush()


def _draw_seeds() -> None:
    """Seed the global generators anew, as in a new interpreter: a copy would draw what its brothers draw."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(None)
    if "torch" in sys.modules:
        sys.modules["torch"].seed()


def _load_main(file: str) -> None:
    """Import the caller's program under the name that its pickles know."""
    spec = importlib.util.spec_from_file_location("__mp_main__", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MAIN] = sys.modules["__mp_main__"] = module
    spec.loader.exec_module(module)


class _ByFile(importlib.machinery.PathFinder):
    """Finds modules by the files that they have in the calling process, after all others failed."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:  # type: ignore[override]
        """Find a module by its file; a parent without a file is an empty package."""
        if name in self.files:
            return importlib.util.spec_from_file_location(name, self.files[name])
        if any(each.startswith(name + ".") for each in self.files):
            return importlib.machinery.ModuleSpec(name, None, is_package=True)
        return None
