"""Output of the command line: text on standard output, errors in one line on standard error.

Input: text, or an error. Output: what is written, and exit codes. `wording` makes the text.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

from ecg_facial.errors import EcgFacialError, SettingsError
from ecg_facial.runtime.extras import missing_extras_named
from ecg_facial.runtime.outputs import describe_os_error

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
# Python keeps bytes of a name that are no UTF-8 as halves of characters, and refuses to write these
_NOT_UNICODE, _AROUND = "surrogates not allowed", 40
_INTERRUPTED = "interrupted; what is finished is kept: run it again to go on"


def open_streams() -> None:
    """Make standard output and error take any text: names that the console cannot show, and a stream that is closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # closed by whoever started the program
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # as long as the program
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def refuse_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument: as a path it would mean the working folder.

    Raises
    ------
    SettingsError
    """
    for place, argument in enumerate(arguments):
        option, _, value = argument.partition("=")
        if argument and not (option.startswith("--") and "=" in argument and not value):
            continue
        before = arguments[place - 1] if place else ""
        name = option or (before if before.startswith("-") and "=" not in before else f"argument {place + 1}")
        raise SettingsError(f"{name} is empty, as of a variable that is not set; give it, or leave it out")


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn errors that are no fault of the program into one line.

    The package's own errors, optional packages that are missing, and what the system refuses end with exit code 2.
    """
    try:
        with missing_extras_named():
            yield
    except EcgFacialError as error:
        _exit_with(str(error))
    except BrokenPipeError:
        _leave_quietly()
    except OSError as error:
        _exit_with(describe_os_error(error))
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        _exit_with(f"not enough memory{said}; give fewer workers, or less at once")
    except UnicodeEncodeError as error:
        if error.reason != _NOT_UNICODE:
            raise
        shown = error.object[max(0, error.start - _AROUND) : error.end + _AROUND]
        _exit_with(f"{shown!a}: a name that is no UTF-8, which no table can hold; rename it")


@contextmanager
def ctrl_c_as_one_line() -> Iterator[None]:
    """Turn Ctrl-C into one line and exit code 130; typer would write "Aborted" and end with 1."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(*_: object) -> NoReturn:
    # a second one must not interrupt what cleans up
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _exit_with(_INTERRUPTED, code=EXIT_INTERRUPTED)


@contextmanager
def ctrl_c_as_wish() -> Iterator[Callable[[], bool]]:
    """Take Ctrl-C as the wish to end, for what must be closed first: gives a function that says whether it was pressed.

    A second Ctrl-C interrupts at once. SIGTERM, by which a system ends its services, counts as Ctrl-C.
    """
    pressed = threading.Event()

    def note(*_: object) -> None:
        if pressed.is_set():
            _interrupt()
        pressed.set()

    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pressed.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_interrupted(message: str) -> NoReturn:
    """End with one line after Ctrl-C."""
    _exit_with(f"interrupted; {message}", code=EXIT_INTERRUPTED)


def _exit_with(message: str, *, code: int = EXIT_BAD_INPUT) -> NoReturn:
    # where standard error cannot be written to, the exit code says it
    with suppress(OSError):
        sys.stderr.write(f"error: {' '.join(message.split())}\n")
        sys.stderr.flush()
    raise SystemExit(code) from None


def _leave_quietly() -> NoReturn:
    """End where nobody reads the output any more, as in ``ecg-facial index DATA | head``."""
    # the interpreter flushes the stream once more when it ends
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(1) from None


def warn(note: str) -> None:
    """Write a note to standard error, so that standard output holds the result alone."""
    sys.stderr.write(f"note: {note}\n")


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
