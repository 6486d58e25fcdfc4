"""Clocks and packets at their worst: alignment of two clocks, and 10^6 packets out of order, lost and doubled.

Run as ``python benchmarks/chaos_clocks.py [--seeds N] [--packets N]``. All is simulated and no wall clock is read, but
for the speed of the packets. Clocks: skew up to 1,000 ppm, jitter of 5, 20 and 80 ms of three shapes, blocks in and out
of order, without and with a step of either clock. Packets: 5 % out of order, 2 % lost, 1 % twice. The last line is a
JSON object. Not measured: real devices.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

from ecg_facial.live.clock import SessionClock
from ecg_facial.live.rings.ecg import EcgRing
from ecg_facial.live.sources.contract import EcgBlock, SourceInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
from two_clocks import AMPLIFIER, CAMERA, DELAYS, Told, follow, make_stream

LIMIT_S, STEP_AT_S, DURATION_S, FS_HZ = 0.020, 30.0, 60.0, 512.0
STEPS_S = (0.0, -3600.0, 3600.0, -15.0, 15.0, -0.5, 0.5)
JITTERS_MS = (5, 20, 80)
Result = dict[str, float | int | None]


def follow_one(seed: int, jitter_ms: int, delays: str, step_s: float, *, is_of_reference: bool) -> Told:
    """One pair of streams with clocks drawn by the seed."""
    kind = (jitter_ms, sorted(DELAYS).index(delays), STEPS_S.index(step_s), is_of_reference)
    rng = np.random.default_rng([seed, *map(int, kind)])
    # the two skews are 1,000 ppm apart at most
    skew = float(rng.uniform(-5e-4, 5e-4))
    about = {"delays": delays, "in_order": bool(rng.random() < 0.5), "duration_s": DURATION_S, "rng": rng}
    video = make_stream(CAMERA, jitter_s=min(jitter_ms, 20) / 1e3, skew=-skew, offset_s=1e3, **about)
    ecg = make_stream(AMPLIFIER, jitter_s=jitter_ms / 1e3, skew=skew, offset_s=float(rng.uniform(-2, 2)), **about)
    if step_s:
        (video if is_of_reference else ecg).set_clock(STEP_AT_S, step_s)
    return follow(video, ecg)


def measure_clocks(n_seeds: int) -> dict[str, Result]:
    """Figures per jitter."""
    result: dict[str, Result] = {}
    for jitter_ms in JITTERS_MS:
        errors, shares, firsts, marked, again, wrong = [], [], [], [], [], 0
        for delays, step_s, is_of_reference in itertools.product(sorted(DELAYS), STEPS_S, (False, True)):
            if is_of_reference and not step_s:
                continue
            for seed in range(n_seeds):
                told = follow_one(seed, jitter_ms, delays, step_s, is_of_reference=is_of_reference)
                errors.append(1e3 * told.worst_s())
                firsts.append(told.good_from(0.0))
                if not step_s:
                    shares.append(
                        np.mean([good for at, good in zip(told.true_s, told.is_good(), strict=True) if at > 15])
                    )
                steps = [event.arrived_s for event in told.events]
                wrong += len(steps) != bool(step_s)
                if step_s and steps:
                    marked.append(steps[0] - STEP_AT_S)
                    again.append(told.good_from(STEP_AT_S + 1.0) - STEP_AT_S)
        again_s, firsts_s = np.array(again), np.array(firsts)
        result[f"jitter {jitter_ms} ms"] = {
            "n": len(errors),
            "max_error_ms": float(np.max(errors)),
            "n_above_20_ms": int(np.sum(np.array(errors) > 1e3 * LIMIT_S)),
            "share_synchronised_after_15_s": float(np.mean(shares)),
            "s_to_synchronise_p50": finite(np.median(firsts_s)),
            "s_to_synchronise_max": finite(firsts_s.max()),
            "never_synchronised": int(np.sum(np.isinf(firsts_s))),
            "s_to_mark_a_step_p50": float(np.median(marked)),
            "s_to_mark_a_step_max": float(np.max(marked)),
            "n_steps": len(marked),
            "n_marked_after_1_s": int(np.sum(np.array(marked) > 1.0)),
            "s_to_synchronise_after_a_step_p50": finite(np.median(again_s)),
            "wrong_number_of_steps": wrong,
        }
    return result


def finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return float(value) if np.isfinite(value) else None


def measure_packets(n_packets: int, *, size: int, jitter_s: float = 0.0, is_memory: bool = False) -> Result:
    """Packets through a ring; compared with the sorted signal where stamps are exact."""
    rng = np.random.default_rng(size)
    info = SourceInfo(name="amplifier", kind="ecg", clock="amplifier", rate_hz=FS_HZ)
    ring = EcgRing(SessionClock([info])["ecg"], keep_s=60.0)
    places = np.arange(n_packets)
    behind = np.where(rng.random(n_packets) < 0.05, rng.uniform(1, max(2.0, 0.25 * FS_HZ / size), n_packets), 0.0)
    behind *= not jitter_s
    lost, twice = rng.random(n_packets) < 0.02, np.flatnonzero(rng.random(n_packets) < 0.01)
    keys = np.concatenate([places + behind, twice + behind[twice] + rng.uniform(0, 3, len(twice))])
    packets = np.concatenate([places, twice])[np.argsort(keys, kind="stable")]
    lost[:32] = lost[-32:] = False
    packets = packets[~lost[packets]]
    samples = rng.normal(size=n_packets * size)
    stamps_s = 77.0 + np.arange(n_packets * size) / FS_HZ
    measured_s = stamps_s.copy()
    stamps_s += np.repeat(np.abs(rng.normal(0.0, jitter_s, n_packets)), size)
    expected = np.where(np.repeat(lost, size), np.nan, samples)
    n_wrong, n_compared, gap_s, n_gaps, spent_s, checked, peak = 0, 0, 0.0, 0, 0.0, 0, []
    if is_memory:
        # four times as slow: speed is measured without it
        tracemalloc.start()
    for start in range(0, len(packets), 2000):
        blocks = [
            EcgBlock(
                samples=samples[packet * size : (packet + 1) * size],
                stamps_s=stamps_s[packet * size : (packet + 1) * size],
                arrived_s=float(measured_s[packet * size + size - 1]),
            )
            for packet in packets[start : start + 2000].tolist()
        ]
        before_s = time.perf_counter()
        for block in blocks:
            ring.push(block)
        events = ring.take_events()
        spent_s += time.perf_counter() - before_s
        gaps = [event.duration_s or 0.0 for event in events if event.kind == "gap"]
        gap_s, n_gaps = gap_s + sum(gaps), n_gaps + len(gaps)
        # what can still change is left out, what has been compared too; the ring keeps a minute
        end = ring.order.next_index - round(1.5 * FS_HZ)
        found = ring.recent(60.0)
        if found is not None and not jitter_s and end > checked:
            first = ring.order.next_index - len(found.samples)
            part = slice(max(checked, first), end)
            n_compared += part.stop - part.start
            same = np.equal(found.samples[part.start - first : end - first], expected[part])
            n_wrong += int((~same & ~np.isnan(expected[part])).sum())
            n_wrong += int(
                (np.isnan(expected[part]) & ~np.isnan(found.samples[part.start - first : end - first])).sum()
            )
            checked = end
        if is_memory:
            peak.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    if is_memory:
        return {"packets": len(packets), "memory_growth_kb": float(np.mean(peak[-10:]) - np.mean(peak[10:20])) / 1024}
    return {
        "packets": len(packets),
        "samples_compared": n_compared,
        "samples_wrong": n_wrong,
        "lost_s": float(lost.sum() * size / FS_HZ),
        "gaps_s": gap_s,
        "gaps": n_gaps,
        "packets_per_s": len(packets) / spent_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="pairs of clocks per kind")
    parser.add_argument("--packets", type=int, default=1_000_000)
    arguments = parser.parse_args()
    clocks = measure_clocks(arguments.seeds)
    for name, figures in clocks.items():
        print(name, figures)
    packets = {
        "one sample": measure_packets(arguments.packets, size=1),
        "32 samples": measure_packets(arguments.packets // 32, size=32),
        "16 samples, stamps that jitter by 5 ms": measure_packets(arguments.packets // 64, size=16, jitter_s=0.005),
        "memory, one sample": measure_packets(max(arguments.packets // 5, 80_000), size=1, is_memory=True),
    }
    for name, figures in packets.items():
        print(name, figures)
    print(json.dumps({"benchmark": "chaos_clocks", "simulated": True, "clocks": clocks, "packets": packets}))


if __name__ == "__main__":
    main()
