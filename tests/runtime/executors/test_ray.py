"""Ray: the same bytes on one machine and on a cluster, and nothing lost when workers or the program are killed.

The cluster is two nodes on this machine. Deadlines are there to end a test that hangs; none decides a result.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from chaos import times
from killing import is_running, list_descendants, wait_until
from small_run import digest_all, run_all
from tasks import count_threads, kill_worker, kill_worker_once, meet

from ecg_facial.errors import WorkerDiedError
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.runtime.executors.serial import SERIAL

ray = pytest.importorskip("ray", reason="the extra [ray] is not installed")
pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processes from /proc"),
    pytest.mark.timeout(600),
    pytest.mark.long,
]
HELPERS = Path(__file__).parents[2] / "helpers"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Executor]:
    """Two nodes of one core each, joined by their address."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.add_node(num_cpus=1)
        with open_executor("ray", workers=2, address=nodes.address) as executor:
            yield executor
    finally:
        nodes.shutdown()


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Digests of a whole run in this process."""
    out = tmp_path_factory.mktemp("serial")
    run_all(out, SERIAL)
    return digest_all(out)


def find_node(folder: Path, number: int) -> tuple[int, str]:
    """Wait for the other item, then say where this one runs."""
    return meet(folder, number), ray.get_runtime_context().get_node_id()


def test_both_nodes_of_a_cluster_work_at_the_same_time(cluster: Executor, tmp_path: Path) -> None:
    found = list(cluster.map(partial(find_node, tmp_path), [0, 1]))
    assert [met for met, _ in found] == [2, 2]
    assert len({node for _, node in found}) == 2


def test_every_library_of_a_worker_has_one_thread(cluster: Executor) -> None:
    for found in cluster.map(count_threads, range(2)):
        assert len(found) > 3
        assert set(found.values()) == {1}, found


@pytest.mark.parametrize("ordered", [True, False] * times(ordinary=1, full=5))
def test_the_task_of_a_worker_that_is_killed_is_repeated_and_gives_one_result(
    cluster: Executor, tmp_path: Path, ordered: bool
) -> None:
    found = list(cluster.map(partial(kill_worker_once, tmp_path), range(8), ordered=ordered))
    assert sorted(found) == list(range(8))
    assert not ordered or found == list(range(8))
    assert len(list(tmp_path.glob("called-2-*"))) == 2


def test_a_task_that_kills_every_worker_is_one_clear_line(cluster: Executor) -> None:
    with pytest.raises(WorkerDiedError, match=r"died 4 times on the same task.*run again with fewer workers"):
        list(cluster.map(kill_worker, [1]))


def test_a_program_that_is_connected_keeps_its_connection(cluster: Executor) -> None:
    with open_executor("ray", workers=1) as other:
        assert list(other.map(abs, [-1, -2])) == [1, 2]
    assert ray.is_initialized()
    assert list(cluster.map(abs, [-3])) == [3]


def test_logging_stays_as_it_is(cluster: Executor) -> None:
    assert list(cluster.map(abs, [-1])) == [1]
    handlers = [*logging.getLogger().handlers, *logging.getLogger("ray").handlers]
    assert [handler for handler in handlers if not type(handler).__module__.startswith("_pytest")] == []


def list_clips(out: Path) -> dict[Path, int]:
    """Finished clips, with the time at which each was written."""
    return {path: path.stat().st_mtime_ns for path in out.glob("data/PartA/video/*/[!.]*.mp4")}


@dataclass(frozen=True, kw_only=True)
class Killed:
    """A program with a Ray of its own that was killed in its work."""

    out: Path
    started: set[int]
    written: dict[Path, int]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """Killed, and by `make chaos` started again and killed once more is finished."""
    out, started = tmp_path_factory.mktemp("killed"), set[int]()
    command = [sys.executable, str(HELPERS / "small_run.py"), str(out), "ray"]
    places = os.pathsep.join([str(HELPERS), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": places}
    for _ in range(times(ordinary=1, full=5)):
        started |= kill_program(command, environment, out)
    assert not (out / "run" / "predictions.csv").exists()
    return Killed(out=out, started=started, written=list_clips(out))


def kill_program(command: list[str], environment: dict[str, str], out: Path) -> set[int]:
    """Kill a program when its Ray runs and two files more are finished; give the processes that it had started."""
    before = count_finished(out)
    with TemporaryFile() as log:
        program = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

        def is_ready() -> bool:
            return count_finished(out) > before + 1 and len(list_descendants(program.pid)) > 4

        wait_until(lambda: program.poll() is not None or is_ready(), seconds=400)
        started = list_descendants(program.pid)
        os.kill(program.pid, signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL, log.seek(0) or log.read()
    return started


def count_finished(out: Path) -> int:
    """Files that are whole; those in the making are hidden."""
    return sum(path.is_file() for path in out.rglob("[!.]*"))


def test_a_cluster_goes_on_where_a_killed_program_ended_and_leaves_the_bytes_of_a_serial_run(
    killed: Killed, cluster: Executor, serial: dict[str, str]
) -> None:
    run_all(killed.out, cluster)
    assert killed.written.items() <= list_clips(killed.out).items()
    # a kill may leave part of a file under a hidden name, which nobody reads
    found = {name: digest for name, digest in digest_all(killed.out).items() if not Path(name).name.startswith(".")}
    assert found == serial


def test_a_run_in_processes_leaves_the_bytes_of_a_serial_one(serial: dict[str, str], tmp_path: Path) -> None:
    with open_executor("processes", workers=2) as executor:
        run_all(tmp_path, executor)
    assert digest_all(tmp_path) == serial


def test_an_address_without_a_cluster_is_one_line() -> None:
    program = (
        "import sys; from ecg_facial.errors import SettingsError; "
        "from ecg_facial.runtime.executors.opening import open_executor\n"
        "for address in sys.argv[1:]:\n"
        "    try:\n        open_executor('ray', workers=1, address=address).__enter__()\n"
        "    except SettingsError as error:\n        print(error)"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        places = ["nonsense", f"127.0.0.1:{taken.getsockname()[1]}"]
        done = subprocess.run([sys.executable, "-c", program, *places], capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    assert len(said) == 2, done.stderr
    for place, line in zip(places, said, strict=True):
        assert line.startswith(f"no Ray cluster answers at {place!r}"), done.stderr


def test_a_program_that_is_killed_leaves_no_process(killed: Killed) -> None:
    """The last test of this file: Ray's agents try for a minute to report that their node is gone."""
    assert wait_until(lambda: not any(map(is_running, killed.started)), seconds=240)
