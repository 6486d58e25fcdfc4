"""The service beside the monitor: what pages and requests cost an estimate, and what slow clients can do.

Run as ``python benchmarks/service_load.py [--rounds 4] [--seconds 30] [--pages 20] [--requests-per-s 50]``, after
``make monitor`` has recorded its SIMULATED patients. One patient is monitored as by ``monitor_soak.py``; the delay of
the estimates is compared between a time without clients and a time with pages that watch everything and requests
beside them. Then slow clients hold connections open with half a header or a body of one byte per second, and
``/health`` is asked meanwhile. Clients run in a process of their own on the same machine. The last line is a JSON
object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx2
import numpy as np
from monitor_soak import connect
from websockets.asyncio.client import connect as open_stream

from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.session import open_ward
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow
from ecg_facial.service.app import make_app
from ecg_facial.service.running import run_service
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import TokenBook

# windows of the first seconds are not counted: networks are opened, clocks are aligned
_WARM_S = 20.0
_PATHS = ("/v1/patients", "/metrics", "/v1/patients/SIM-0", "/v1/patients/SIM-0/estimates", "/health")


async def load(address: str, token: str, *, seconds: float, pages: int, rate: float) -> dict[str, float]:
    """Keep pages open and send requests; count what came."""
    headers = {"Authorization": f"Bearer {token}"}
    ends_s, n_messages, times_s, n_failed = time.monotonic() + seconds, 0, [], 0

    async def watch() -> None:
        nonlocal n_messages
        url = f"{address.replace('http', 'ws', 1)}/v1/stream"
        async with open_stream(url, additional_headers=headers, max_size=None) as stream:
            while time.monotonic() < ends_s:
                await stream.recv()
                n_messages += 1

    async def ask(client: httpx2.AsyncClient, path: str) -> None:
        nonlocal n_failed
        begun = time.monotonic()
        answer = await client.get(f"{address}{path}")
        n_failed += answer.status_code != 200
        times_s.append(time.monotonic() - begun)

    async with httpx2.AsyncClient(headers=headers, timeout=60) as client:
        watching = [asyncio.create_task(watch()) for _ in range(pages)]
        asked, number = [], 0
        while time.monotonic() < ends_s:
            asked.append(asyncio.create_task(ask(client, _PATHS[number % len(_PATHS)])))
            number += 1
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*asked, *watching)
    return {
        "messages_per_page_per_s": round(n_messages / pages / seconds, 2),
        "requests": len(times_s),
        "requests_failed": n_failed,
        "request_p99_ms": round(1e3 * float(np.percentile(times_s, 99)), 1),
    }


async def hold(address: str, *, number: int) -> dict[str, float]:
    """Hold connections open for as long as the service lets them, and ask for its health meanwhile."""
    parts = urlsplit(address)
    closed_s, health_s, failed = [], [], 0
    head = b"GET /v1/patients HTTP/1.1\r\nHost: a\r\nX-Slow: "
    body = b"POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"

    async def slow(said: bytes) -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        begun = time.monotonic()
        writer.write(said)
        while not reader.at_eof():
            try:
                writer.write(b"x")
                await writer.drain()
                await asyncio.wait_for(reader.read(100), 1.0)
            except TimeoutError:
                continue
            except ConnectionError:
                break
        closed_s.append(time.monotonic() - begun)
        writer.close()

    held = [asyncio.create_task(slow(said)) for said in (head, body) for _ in range(number)]
    async with httpx2.AsyncClient(timeout=60) as client:
        while not all(task.done() for task in held):
            begun = time.monotonic()
            failed += (await client.get(f"{address}/health")).status_code != 200
            health_s.append(time.monotonic() - begun)
            await asyncio.sleep(0.02)
    await asyncio.gather(*held)
    return {
        "slow_clients": len(closed_s),
        "slow_closed_after_s": round(max(closed_s), 1),
        "health_asked": len(health_s),
        "health_failed": failed,
        "health_p99_ms": round(1e3 * float(np.percentile(health_s, 99)), 1),
    }


def run_clients(*arguments: object) -> dict[str, float]:
    """Run clients in a process of their own."""
    done = subprocess.run([sys.executable, __file__, *map(str, arguments)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def read_delays(path: Path, begin_s: float, end_s: float) -> np.ndarray:
    with Store(path, read_only=True) as store:
        ((number, _),) = store.sessions()
        rows = store.read(EstimateRow, number, start_s=begin_s, end_s=end_s)
    return np.array([row.latency_ms for row in rows if row.estimate is not None])


def main(arguments: argparse.Namespace, path: Path) -> None:
    connection, _ = connect(arguments.people, 0, fps=arguments.fps, lsl=False)
    ward = open_ward(
        [connection], bundle=arguments.bundle, settings=MonitorSettings(), alarms=AlarmSettings(), store=path
    )
    settings, book = ServiceSettings(port=0), TokenBook()
    token = book.add("benchmark")
    # without and with clients in turn, so that other work on the machine troubles both
    quiet: list[tuple[float, float]] = []
    busy: list[tuple[float, float]] = []
    try:
        with run_service(make_app(ward, book=book, settings=settings, store=path), settings) as running:
            time.sleep(_WARM_S)
            for _ in range(arguments.rounds):
                times_s = [ward.states()[0].time_s]
                time.sleep(arguments.seconds)
                times_s.append(ward.states()[0].time_s)
                loaded = run_clients(
                    "--load", running.address, "--token", token, "--seconds", arguments.seconds,
                    "--pages", arguments.pages, "--requests-per-s", arguments.requests_per_s,
                )  # fmt: skip
                times_s.append(ward.states()[0].time_s)
                quiet.append((times_s[0], times_s[1]))
                busy.append((times_s[1], times_s[2]))
            held = run_clients("--hold", running.address, "--slow", arguments.slow)
            slow = [(busy[-1][1], ward.states()[0].time_s)]
    finally:
        ward.close()
    delays = [np.concatenate([read_delays(path, *span) for span in spans]) for spans in (quiet, busy, slow)]
    p50s, p99s = ([round(float(np.percentile(one, share)), 1) for one in delays] for share in (50, 99))
    result = {
        "benchmark": "service_load", "simulated": True, "pages": arguments.pages,
        "requests_per_s": arguments.requests_per_s, "seconds": arguments.seconds * arguments.rounds,
        "fps": arguments.fps, "estimates_quiet_busy_slow": [len(one) for one in delays],
        "delay_p50_ms_quiet_busy_slow": p50s, "delay_p99_ms_quiet_busy_slow": p99s,
        "p99_ratio": round(p99s[1] / p99s[0], 2), "load_average": round(os.getloadavg()[0], 1),
        **loaded, **held,
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="Of each round, without and with clients.")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--requests-per-s", type=float, default=50.0)
    parser.add_argument("--slow", type=int, default=500, help="Half headers, and as many slow bodies.")
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--bundle", type=Path, default=Path("runs/demo/model"))
    parser.add_argument("--people", type=Path, default=Path("runs/monitor"))
    parser.add_argument("--load", help="Address: be the pages and the requests.")
    parser.add_argument("--hold", help="Address: be the slow clients.")
    parser.add_argument("--token", default="")
    asked = parser.parse_args()
    if asked.load:
        print(
            json.dumps(
                asyncio.run(
                    load(asked.load, asked.token, seconds=asked.seconds, pages=asked.pages, rate=asked.requests_per_s)
                )
            )
        )
    elif asked.hold:
        print(json.dumps(asyncio.run(hold(asked.hold, number=asked.slow))))
    else:
        with TemporaryDirectory() as scratch:
            main(asked, Path(scratch) / "load.sqlite")
