"""What happens inside a worker process: open the job once, then work on items.

Input: a packed job and packed items. Output: results. Imports no numerical library itself: the number of threads is
settled before the job's modules load them.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from typing import Any

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.executors.threads import limit_future_libraries, limit_loaded_libraries


def pack(value: Any, dumps: Callable[[Any], bytes] = pickle.dumps) -> bytes:
    """Pickle a job or an item for a worker.

    Raises
    ------
    SettingsError
        When it cannot be pickled.
    """
    try:
        return dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingsError(
            f"this work cannot be sent to worker processes ({error}): name its functions at the top of a module that "
            "can be imported, or use the serial executor"
        ) from None


def open_job(packed: bytes) -> Callable[[Any], Any]:
    """Load a job's modules with one thread each, call its `start`, and return its function of the item."""
    limit_future_libraries()
    job = pickle.loads(packed)  # noqa: S301  # from the process that started this one
    limit_loaded_libraries()
    call: Callable[[Any], Any] = job.open()
    return call


class _Current:
    """The job of this worker process."""

    packed: bytes
    call: Callable[[Any], Any] | None = None


def start_worker(packed: bytes) -> None:
    """Begin a worker process; the job is opened with the first item, so that its errors are those of a task."""
    limit_future_libraries()
    # Ctrl-C reaches all processes of a terminal: a worker ends without a traceback of its own
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _Current.packed = packed


def work(item: bytes) -> Any:
    """Work on one packed item."""
    if _Current.call is None:
        _Current.call = open_job(_Current.packed)
    return _Current.call(pickle.loads(item))  # noqa: S301  # as above


def _leave_with_parent() -> None:
    """End this process when the one that started it is killed; it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
