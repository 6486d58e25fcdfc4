"""Tasks on Ray: on this machine, or on a cluster of machines that see the same files.

Input: see `contract`. Output: results. A task whose worker or machine dies is repeated. Where no address is given, a
Ray instance of its own is started, and ended with this process, however it ends. The only module that imports Ray.
"""

from __future__ import annotations

import pickle
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import ray
import ray.cloudpickle

from ecg_facial.errors import SettingsError, WorkerDiedError
from ecg_facial.runtime.executors.contract import Executor, Job, stream
from ecg_facial.runtime.executors.threads import THREAD_VARIABLES
from ecg_facial.runtime.executors.worker import open_job, pack

# repeats of a task whose worker died; the next death is an error
_MAX_REPEATS = 3
# packed jobs and results on their way; the rest of the memory is left to the workers
_STORE_BYTES = 256 * 1024**2
_ANSWER_S = 10.0
_START_REMEDY = "see its log in /tmp/ray/session_latest/logs, or take the executor processes"
_JOIN_REMEDY = (
    "see that the cluster runs the same version of Ray, and that RAY_AUTH_MODE and ~/.ray/auth_token are the same on "
    "all machines; or leave the address out"
)
# also packs what a script defines itself
_dumps: Callable[[Any], bytes] = ray.cloudpickle.dumps


@contextmanager
def connect_ray(*, workers: int, address: str | None = None) -> Iterator[RayExecutor]:
    """Start Ray here or join a cluster, for a ``with`` block.

    A program that is connected to Ray already keeps its connection, which is used.

    Parameters
    ----------
    workers : int
        Tasks at the same time.
    address : str, optional
        Of a cluster; started here without it.

    Raises
    ------
    SettingsError
        When there is no cluster at `address`.
    """
    if ray.is_initialized():
        yield RayExecutor(workers, joined=True)
        return
    _connect(workers, address)
    try:
        yield RayExecutor(workers, joined=address is not None)
    finally:
        ray.shutdown(wait_for_processes=True)


def _connect(workers: int, address: str | None) -> None:
    if address not in (None, "auto"):
        _check_answer(str(address))
    own: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            configure_logging=False,
            runtime_env={"env_vars": THREAD_VARIABLES},
            **({} if address else own),
        )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        place, remedy = (address, _JOIN_REMEDY) if address else ("this machine", _START_REMEDY)
        raise SettingsError(f"cannot use Ray at {place} ({_first_line(error)}): {remedy}") from None


def _check_answer(address: str) -> None:
    """Look for somebody at an address, because Ray itself tries for minutes before it gives up."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(
            f"no Ray cluster answers at {address!r} ({error}): expected HOST:PORT of one that runs, or auto; start one "
            "with: ray start --head"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class RayExecutor(Executor):
    """Runs tasks on the Ray instance that this process is connected to.

    Parameters
    ----------
    workers : int
    joined : bool
        Whether others may have set the number of tasks at the same time; then no more than `workers` are handed out.
    """

    def __init__(self, workers: int, *, joined: bool = False) -> None:
        self.workers, self._joined = workers, joined

    def _run(self, job: Job, items: Sequence[Any], *, ordered: bool, ahead: int) -> Iterator[Any]:
        if not items:
            return
        pool = _RayPool(job)
        try:
            yield from stream(pool, items, ordered=ordered, ahead=min(ahead, self.workers) if self._joined else ahead)
        except ray.exceptions.WorkerCrashedError:
            raise WorkerDiedError(
                f"a Ray worker died {_MAX_REPEATS + 1} times on the same task, perhaps for want of memory: run again "
                "with fewer workers; what is done is kept"
            ) from None
        except ray.exceptions.RayError as error:
            raise WorkerDiedError(
                f"Ray lost a task ({_first_line(error)}): see that ecg_facial is installed on every machine of the "
                "cluster, and run again; what is done is kept"
            ) from None
        finally:
            pool.cancel()


class _RayPool:
    """Ray's tasks as `stream` wants them."""

    def __init__(self, job: Job) -> None:
        self._token = uuid4().hex
        # inside a list Ray does not fetch it for every task
        self._job = [ray.put((sys.path, pack(job, _dumps)))]
        self._task = ray.remote(num_cpus=1, max_retries=_MAX_REPEATS)(_work)
        self._running: set[Any] = set()

    def submit(self, item: Any) -> Any:
        handle = self._task.remote(self._token, self._job, pack(item, _dumps))
        self._running.add(handle)
        return handle

    def first(self, running: list[Any]) -> Any:
        return ray.wait(running, num_returns=1)[0][0]

    def result(self, handle: Any) -> Any:
        packed = ray.get(handle)
        self._running.discard(handle)
        error, result = pickle.loads(packed)  # noqa: S301  # from our own worker
        if error is not None:
            raise error
        return result

    def cancel(self) -> None:
        """Give up what nobody will ask for any more."""
        for handle in self._running:
            with suppress(ray.exceptions.RayError):
                ray.cancel(handle)


class _Current:
    """The job that this worker has opened."""

    token = ""
    call: Callable[[Any], Any]


def _work(token: str, job: list[Any], item: bytes) -> bytes:
    """Work on one item, in a worker. Exceptions are results, so that they arrive without Ray's wrapping."""
    try:
        if _Current.token != token:
            paths, packed = ray.get(job[0])
            sys.path += [path for path in paths if path not in sys.path]
            _Current.call = open_job(packed)
            _Current.token = token
        return _dumps((None, _Current.call(pickle.loads(item))))  # noqa: S301  # from the process that started this one
    except Exception as error:
        return _pack_error(error)


def _pack_error(error: Exception) -> bytes:
    """Pack an exception with its traceback as a note, or as a text where it cannot be sent."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        packed = _dumps((error, None))
        pickle.loads(packed)  # noqa: S301  # just made
    except Exception:
        return _dumps((RuntimeError(f"{type(error).__name__}: {error}"), None))
    return packed
