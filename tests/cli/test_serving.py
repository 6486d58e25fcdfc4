"""The commands that serve: what they start, with which tokens, and what they print."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from blocking import block_imports
from command_line import Said
from patient_states import make_state
from watched import make_ward

from ecg_facial.cli.commands import serving, watching
from ecg_facial.live import session
from ecg_facial.live.connecting import Connection
from ecg_facial.live.state import Phase
from ecg_facial.live.ward import Ward
from ecg_facial.service import running
from ecg_facial.service.settings import ServiceSettings


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Connection]]:
    """List the connections of the wards that are opened; each patient's session has ended."""
    found: list[Sequence[Connection]] = []

    def open_ward(connections: Sequence[Connection], **options: Any) -> Ward:
        found.append(connections)
        return make_ward(*(make_state(patient=one.patient, phase=Phase.ENDED) for one in connections))

    monkeypatch.setattr(session, "open_ward", open_ward)
    return found


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[ServiceSettings]:
    """List the settings of the services that are started; they end at once."""
    found: list[ServiceSettings] = []

    @contextmanager
    def run_service(app: object, settings: ServiceSettings, *, logs: bool) -> Iterator[Any]:
        found.append(settings)
        yield SimpleNamespace(address=f"http://127.0.0.1:{settings.port}", is_running=False)

    monkeypatch.setattr(running, "run_service", run_service)
    monkeypatch.setattr(running, "check_address", lambda settings: None)
    return found


def test_a_page_is_served_with_a_token_for_this_process(
    run: Callable[..., Said], opened: list[Any], served: list[ServiceSettings]
) -> None:
    said = run("serve", "--bundle", "m", "--ecg", "a.csv", "--port", "9000")
    assert said.code == 0, said.err
    assert served[0].port == 9000
    assert re.fullmatch(r"page: http://127\.0\.0\.1:9000/#token=[\w-]{43}\n", said.out)


def test_tokens_of_a_file_are_shown_once(
    run: Callable[..., Said], opened: list[Any], served: list[ServiceSettings], tmp_path: Path
) -> None:
    command = ("serve", "--bundle", "m", "--ecg", "a.csv", "--tokens", tmp_path / "tokens.json")
    refused = run("serve", "--ecg", "a.csv", *command[-2:])
    assert refused.code == 2
    # what could not start has not used the one time up
    first = run(*command)
    assert "#token=" in first.out
    assert "valid for 90 days" in first.out
    assert run(*command).out == "page: http://127.0.0.1:8765/\n"
    assert "#token=" in run(*command, "--new-token", "second", "--token-days", "2").out


def test_browsers_watch_patients_and_join_the_amplifier_of_the_same_one(
    run: Callable[..., Said], opened: list[Any], served: list[ServiceSettings]
) -> None:
    run("serve", "--bundle", "m", "--browser", "P7", "--browser", "P8:ecg")
    kinds = {one.patient: [source.kind for source in one.sources] for one in opened[-1]}
    assert kinds == {"P7": ["video"], "P8": ["video", "ecg"]}
    run("serve", "--bundle", "m", "--brainflow", "-1", "--patient", "P7", "--browser", "P7", "--browser", "P8")
    kinds = {one.patient: [source.kind for source in one.sources] for one in opened[-1]}
    assert kinds == {"P7": ["video", "ecg"], "P8": ["video"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ecg", "a.csv", "--bundle", "m", "--host", "0.0.0.0"], "would cross the network in the clear"),
        (["--ecg", "a.csv", "--bundle", "m", "--certificate", "a.pem"], "belong together"),
        (["--ecg", "a.csv", "--bundle", "m", "--new-token", "a"], "--new-token needs --tokens"),
        (["--bundle", "m"], "nothing to watch"),
        (["--browser", "P7"], "no --bundle"),
        (["--bundle", "m", "--browser", "P7", "--browser", "P7:ecg"], "each once"),
        (["--bundle", "m", "--browser", "a/b"], "a/b"),
        (["--bundle", "m", "--browser", "P7", "--patient", "P7", "--ecg", "a.csv"], "a camera or a recording already"),
        (["--bundle", "m", "--browser", "P7:ecg", "--patient", "P7", "--brainflow", "-1"], "a camera or a recording"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(
    run: Callable[..., Said], opened: list[Any], served: list[ServiceSettings], arguments: list[str], message: str
) -> None:
    said = run("serve", *arguments)
    assert said.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1
    assert served == []


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_connect_demo", lambda *, speed: ([Connection(patient="S", sources=())], [str]))


def test_the_demo_shows_its_page_before_the_screen_and_after_it(
    run: Callable[..., Said], opened: list[Any], served: list[ServiceSettings], demo: None
) -> None:
    said = run("monitor", "--demo", "--bundle", "m")
    assert said.code == 0, said.err
    before, *_, after = said.out.splitlines()
    assert before.startswith("page: http://127.0.0.1:8765/#token=")
    assert after == f"the {before.replace('page: ', 'page was at ')}".partition("#")[0]


def test_the_demo_goes_on_without_the_extra_and_says_so_in_one_line(
    run: Callable[..., Said], opened: list[Any], demo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecg_facial.runtime.extras.is_installed", lambda package: package != "fastapi")
    said = run("monitor", "--demo", "--bundle", "m")
    assert said.code == 0
    assert said.err.count("\n") == 1
    assert "pip install 'ecg-facial[service]'" in said.err
    assert run("monitor", "--bundle", "m", "--ecg", "a.csv", "--port", "9000").code == 2
    assert run("serve", "--bundle", "m", "--ecg", "a.csv").code == 2


def test_a_second_demo_takes_another_port(
    run: Callable[..., Said], opened: list[Any], demo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running.run_service(lambda *_: None, ServiceSettings(port=0)) as first:  # type: ignore[arg-type]
        taken = int(first.address.rpartition(":")[2])
        monkeypatch.setattr(ServiceSettings, "port", taken)
        said = run("monitor", "--demo", "--bundle", "m")
        assert said.code == 0, said.err
        assert f":{taken}/" not in said.out
        n_opened = len(opened)
        for command in ("monitor", "serve"):
            refused = run(command, "--bundle", "m", "--ecg", "a.csv", "--port", str(taken))
            assert refused.code == 2
            assert "give another with --port" in refused.err
        assert len(opened) == n_opened


def test_a_recording_has_a_page_where_a_port_is_given(
    run: Callable[..., Said], opened: list[Any], served: list[ServiceSettings]
) -> None:
    assert "page" not in run("monitor", "--bundle", "m", "--ecg", "a.csv").out
    assert (
        "page: http://127.0.0.1:9001/#token=" in run("monitor", "--bundle", "m", "--ecg", "a.csv", "--port", "9001").out
    )


def test_help_needs_no_web_framework_and_serving_no_torch() -> None:
    program = (
        "import sys\nfrom ecg_facial.cli import app\n"
        "found = {'fastapi', 'uvicorn', 'cv2', 'av', 'scipy', 'torch'} & {*sys.modules}\n"
        f"{block_imports('torch', 'sklearn', 'pandas', 'numba')}"
        "from ecg_facial.service import app, browser_source, running, tokens\n"
        "print(found)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr


def test_a_service_ends_when_all_of_its_sessions_have_failed(
    run: Callable[..., Said], opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Running:
        """A service that is looked at a few times before it ends."""

        address = "http://127.0.0.1:9000"

        def __init__(self) -> None:
            self._looks = 0

        @property
        def is_running(self) -> bool:
            self._looks += 1
            return self._looks < 4

    monkeypatch.setattr(running, "run_service", lambda *_, **__: nullcontext(Running()))
    monkeypatch.setattr(running, "check_address", lambda settings: None)
    monkeypatch.setattr(Ward, "failure", "a broken network")
    said = run("serve", "--bundle", "m", "--ecg", "a.csv")
    assert (said.code, said.err) == (2, "error: a broken network\n")


def test_links_are_made_of_what_was_typed() -> None:
    links = serving._make_links(["P7", "P8:ecg"])
    assert {name: link.takes_ecg for name, link in links.items()} == {"P7": False, "P8": True}
