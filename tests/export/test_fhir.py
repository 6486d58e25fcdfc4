"""FHIR: every row comes back from its bundle, no machine's estimate is called self-report, and SIMULATED is on all."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_sessions import START_UTC_S, draw_estimate, draw_session, write_store

from ecg_facial.errors import CorruptDataError
from ecg_facial.export.content import SessionContent, read_sessions
from ecg_facial.export.fhir import codes
from ecg_facial.export.fhir.checking import REQUIRED, check_resource
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EstimateRow, EventRow, RatingRow, Row, Session

VERSIONS = ("R4B", "R5")
SELF_REPORT = "72514-3"


def export(store: Store, out: Path, version: str = "R4B", *, number: int | None = None) -> list[dict[str, Any]]:
    written = write_export(store, "P7", out, format="fhir", session=number, fhir_version=version)
    return [json.loads(path.read_text(encoding="utf-8")) for path in written]


def export_rows(folder: Path, rows: list[Row], *, version: str = "R4B", **changes: Any) -> dict[str, Any]:
    """Bundle of a session with these rows."""
    session = replace(draw_session(np.random.default_rng(0)), class_names=("BL1", "PA4"), **changes)
    with Store(folder / "monitor.sqlite") as store:
        number = store.begin(session)
        store.add(number, rows)
        (bundle,) = export(store, folder / "out", version, number=number)
    return bundle


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def code_of(resource: dict[str, Any]) -> str:
    return str(resource["code"]["coding"][0]["code"])


def parts_of(resource: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in resource.get("component", []):
        ((value),) = [part[name] for name in part if name.startswith("value")]
        found[code_of(part)] = value["value"] if isinstance(value, dict) and "value" in value else value
    return found


def times_of(resource: dict[str, Any]) -> dict[str, float]:
    when = resource.get("effectiveDateTime") or resource["effectivePeriod"]["end"]
    return {
        # UTC has microseconds, seconds of the session are rounded to them
        "time_s": round(datetime.fromisoformat(when).timestamp() - START_UTC_S, 6),
        "utc_s": datetime.fromisoformat(resource["issued"]).timestamp(),
    }


def read_rows(bundle: dict[str, Any], started_utc_s: float, class_names: tuple[str, ...]) -> list[Row]:
    """Rows of a bundle, as somebody makes them who has read the documentation."""
    observations = resources(bundle, "Observation")
    heart_rates = {
        one["effectivePeriod"]["end"]: one.get("valueQuantity", {}).get("value")
        for one in observations
        if code_of(one) == "8867-4"
    }
    rows: list[Row] = []
    for one in observations:
        code, parts = code_of(one), parts_of(one)
        if code in ("session", "8867-4"):
            continue
        when = times_of(one)
        when["time_s"] = round(when["time_s"] - (started_utc_s - START_UTC_S), 6)
        value = one.get("valueQuantity", {}).get("value")
        if code == "pain-estimate":
            period = one["effectivePeriod"]
            start, end = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
            interval = parts.get("trend-interval", {})
            chances = [parts.get(f"probability-{place}") for place in range(len(class_names))]
            rows.append(
                EstimateRow(
                    **when, window_s=(end - start).total_seconds(), estimate=value,
                    low=interval.get("low", {}).get("value"), high=interval.get("high", {}).get("value"),
                    trend=parts.get("trend"), probabilities=None if None in chances else tuple(chances),
                    used=parts.get("signals-used", ""), face_state=parts.get("face-state", ""),
                    ecg_state=parts.get("ecg-state", ""), face_quality=parts.get("face-quality"),
                    ecg_quality=parts.get("ecg-quality"), heart_rate_bpm=heart_rates.get(period["end"]),
                    clock_state=parts["clock-state"], clock_offset_ms=parts.get("clock-offset"),
                    clock_drift_ppm=parts.get("clock-drift"), clock_uncertainty_ms=parts.get("clock-uncertainty"),
                    latency_ms=parts["latency"], frames_shed=parts["frames-shed"],
                )
            )  # fmt: skip
        elif code == "alarm":
            rows.append(
                AlarmRow(
                    **when, alarm=parts["alarm-name"], priority=parts["alarm-priority"], by=parts.get("by", ""),
                    change=one["valueCodeableConcept"]["coding"][0]["code"].replace("-", " "), message=parts["message"],
                )
            )  # fmt: skip
        elif code == "event":
            rows.append(
                EventRow(
                    **when, source=parts["event-source"], kind=one["valueString"], message=parts["message"],
                    duration_s=parts.get("duration"),
                )
            )  # fmt: skip
        elif code == "rest":
            rows.append(
                BaselineRow(
                    **when, estimate=parts["rest-estimate"], heart_rate_bpm=parts.get("rest-heart-rate"),
                    n_estimates=parts["rest-count"],
                )
            )  # fmt: skip
        else:
            assert code in ("rating", "note", SELF_REPORT)
            note = one["note"][0]["text"] if "note" in one else one.get("valueString", "")
            rows.append(
                RatingRow(**when, scale=parts.get("rating-scale", ""), value=value, by=parts.get("by", ""), note=note)
            )
    return rows


def key(row: Row) -> tuple[str, str]:
    return row.table, repr(row)


def check_round_trip(one: SessionContent, bundle: dict[str, Any]) -> None:
    kinds = (EstimateRow, AlarmRow, EventRow, RatingRow, BaselineRow)
    expected = [row for kind in kinds for row in one.store.read(kind, one.number)]
    found = read_rows(bundle, one.session.started_utc_s, one.session.class_names)
    assert sorted(found, key=key) == sorted(expected, key=key)


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_every_row_of_a_store_comes_back_from_its_bundle(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 10):
        path = write_store(tmp_path / f"{seed}.sqlite", seed, n_sessions=1, n_estimates=seed % 6)
        with Store(path, read_only=True) as store:
            (bundle,) = export(store, tmp_path / f"out {seed}", VERSIONS[seed % 2])
            (one,) = read_sessions(store, "P7")
            check_round_trip(one, bundle)
            check_bundle(bundle, one.session, VERSIONS[seed % 2])


def check_bundle(bundle: dict[str, Any], session: Session, version: str) -> None:
    """What holds for every bundle."""
    folder = "fhir.resources." + ("R4B." if version == "R4B" else "")
    model = importlib.import_module(f"{folder}bundle").Bundle
    model.model_validate(bundle)
    identities = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(identities)) == len(identities)
    for entry in bundle["entry"]:
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"
    referred = {value for name, value in walk(bundle) if name == "reference"}
    assert referred <= set(identities)
    labels = [[label["code"] for label in one.get("meta", {}).get("security", [])] for one in all_resources(bundle)]
    assert all(("HTEST" in codes_) is session.simulated for codes_ in labels)
    for one in resources(bundle, "Observation"):
        assert "subject" in one
        assert "dataAbsentReason" not in one or not {"interpretation", "valueQuantity"} & set(one)
        if SELF_REPORT in json.dumps(one):
            assert "device" not in one
            assert parts_of(one)["rating-scale"] == "NRS-self"
        if code_of(one) in ("pain-estimate", "8867-4"):
            assert one["status"] == "preliminary"
            assert session.bundle_sha256 in one["method"]["text"]
            assert ("valueQuantity" in one) is not ("dataAbsentReason" in one)
    for device in resources(bundle, "Device"):
        said = json.dumps(device["version"])
        assert session.software in said
        assert session.bundle_sha256 in said
    (patient,) = resources(bundle, "Patient")
    assert "name" not in patient
    assert patient["identifier"] == [{"use": "temp", "system": codes.PSEUDONYMS, "value": session.patient}]
    for _, value in walk(bundle):
        if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
            assert value.endswith("+00:00")
        if isinstance(value, dict) and value.get("system") == codes.UCUM and "value" in value:
            assert value["code"] in ("1", "/min", "ms", "s", "[ppm]", "{score}")


def all_resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [bundle, *(entry["resource"] for entry in bundle["entry"])]


def walk(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, dict):
        for key_, part in value.items():
            yield from walk(part, key_)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part, name)


def make_estimate(**changes: Any) -> EstimateRow:
    sound = {
        "used": "facial+ecg", "face_state": "ok", "ecg_state": "ok", "estimate": 0.75, "trend": 0.7, "low": 0.5,
        "high": 0.9, "probabilities": (0.25, 0.75), "face_quality": 0.9, "ecg_quality": 0.8, "heart_rate_bpm": 71.5,
        "clock_state": "one clock",
    }  # fmt: skip
    return replace(draw_estimate(np.random.default_rng(0), 5.5, ("BL1", "PA4")), **{**sound, **changes})


GATED = {"estimate": None, "trend": None, "low": None, "high": None, "probabilities": None, "used": ""}


@pytest.mark.parametrize(
    ("changes", "security", "reason", "interpretation"),
    [
        ({}, [], None, None),
        ({"used": "facial", "ecg_state": "lead off", "ecg_quality": None}, ["UNCERTREL"], None, "ECG: lead off"),
        ({"ecg_quality": 0.3}, ["UNCERTREL"], None, "ECG: quality 0.30"),
        ({"clock_state": "unsynchronised"}, ["UNCERTREL"], None, "clocks are not synchronised"),
        ({"used": "ecg", "face_state": "", "face_quality": None}, [], None, None),
        ({**GATED, "face_state": "no face", "ecg_state": "lead off"}, ["UNRELIABLE"], "error", None),
        ({**GATED, "face_state": "no signal", "ecg_state": "no signal"}, [], "not-performed", None),
        ({**GATED, "face_state": "no signal", "ecg_state": "flat"}, ["UNRELIABLE"], "error", None),
        ({**GATED, "face_state": "", "ecg_state": "no signal"}, [], "not-performed", None),
        (GATED, [], "unknown", None),
    ],
)
def test_a_doubtful_estimate_says_so_and_an_absent_one_says_why(
    tmp_path: Path, changes: dict[str, Any], security: list[str], reason: str | None, interpretation: str | None
) -> None:
    bundle = export_rows(tmp_path, [make_estimate(**changes)], simulated=False)
    (one,) = [one for one in resources(bundle, "Observation") if code_of(one) == "pain-estimate"]
    assert [label["code"] for label in one.get("meta", {}).get("security", [])] == security
    assert one.get("dataAbsentReason", {}).get("coding", [{}])[0].get("code") == reason
    assert one.get("interpretation", [{}])[0].get("text") == interpretation
    if interpretation:
        assert one["interpretation"][0]["coding"][0]["code"] == "questionable"


@pytest.mark.parametrize(
    ("state", "value", "expected"),
    [("ok", 71.5, 71.5), ("noisy", None, "error"), ("no signal", None, "not-performed"), ("ok", None, "unknown")],
)
def test_the_heart_rate_is_a_vital_sign_or_says_why_there_is_none(
    tmp_path: Path, state: str, value: float | None, expected: float | str
) -> None:
    bundle = export_rows(tmp_path, [make_estimate(ecg_state=state, heart_rate_bpm=value)])
    (one,) = [one for one in resources(bundle, "Observation") if code_of(one) == "8867-4"]
    assert one["category"][0]["coding"][0]["code"] == "vital-signs"
    if value is None:
        assert one["dataAbsentReason"]["coding"][0]["code"] == expected
    else:
        assert one["valueQuantity"] == {
            "value": expected, "unit": "beats per minute", "system": "http://unitsofmeasure.org", "code": "/min",
        }  # fmt: skip


def test_without_an_ecg_there_is_no_heart_rate(tmp_path: Path) -> None:
    bundle = export_rows(tmp_path, [make_estimate(ecg_state="", heart_rate_bpm=None, used="facial")])
    assert "8867-4" not in {code_of(one) for one in resources(bundle, "Observation")}


def make_rating(scale: str, value: float | None, note: str = "") -> RatingRow:
    return RatingRow(time_s=1.0, utc_s=START_UTC_S, scale=scale, value=value, by="RN1", note=note)


@pytest.mark.parametrize(
    ("scale", "value", "code"),
    [
        ("NRS-self", 6.0, SELF_REPORT), ("nrs-self ", 0.0, SELF_REPORT), ("NRS", 6.0, "rating"),
        ("NRS-self", 11.0, "rating"), ("CPOT", 6.0, "rating"), ("", None, "note"), ("self", 3.0, "rating"),
    ],
)  # fmt: skip
def test_only_what_the_person_said_has_the_code_of_self_report(
    tmp_path: Path, scale: str, value: float | None, code: str
) -> None:
    row = make_rating(scale, value, "the patient said so herself: NRS-self 72514")
    bundle = export_rows(tmp_path, [row, make_estimate()])
    assert code in {code_of(one) for one in resources(bundle, "Observation")}
    coded = [one for one in resources(bundle, "Observation") if code_of(one) == SELF_REPORT]
    assert len(coded) == (code == SELF_REPORT)
    for one in coded:
        assert "device" not in one
        assert one["performer"] == [one["subject"]]
        assert one["valueQuantity"]["value"] == value
        assert one["note"] == [{"authorString": "RN1", "text": row.note}]


def test_a_session_that_goes_on_has_no_end(tmp_path: Path) -> None:
    bundle = export_rows(tmp_path, [make_estimate()], ended_utc_s=None, end="")
    (one,) = [one for one in resources(bundle, "Observation") if code_of(one) == "session"]
    assert (one["status"], "end" in one["effectivePeriod"]) == ("preliminary", False)
    assert parts_of(one) == {"sources": "camera 0, LSL stream Amplifier", "class-0": "BL1", "class-1": "PA4"}


def test_identities_stay_when_a_session_goes_on(tmp_path: Path) -> None:
    rows: list[Row] = [make_estimate(), make_rating("NRS", 3.0), make_rating("NRS", 3.0)]
    first = export_rows(tmp_path, rows)
    (tmp_path / "later").mkdir()
    # a gap that began before is noticed later
    late = EventRow(time_s=0.5, utc_s=START_UTC_S, source="ecg", kind="gap", message="lost")
    second = export_rows(tmp_path / "later", [*rows, make_estimate(time_s=6.5), late])
    assert {one["fullUrl"] for one in first["entry"]} < {one["fullUrl"] for one in second["entry"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tree_of_devices_leads_from_the_metric_to_the_monitor(tmp_path: Path, version: str) -> None:
    bundle = export_rows(tmp_path, [make_estimate()], version=version)
    by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    (one,) = [one for one in resources(bundle, "Observation") if code_of(one) == "pain-estimate"]
    metric = by_url[one["device"]["reference"]]
    assert metric["resourceType"] == "DeviceMetric"
    place, depth = by_url[metric["parent" if version == "R4B" else "device"]["reference"]], 0
    while "parent" in place:
        place, depth = by_url[place["parent"]["reference"]], depth + 1
    assert depth == 2
    assert "69965" in json.dumps(place["type"])
    if version == "R4B":
        assert by_url[metric["source"]["reference"]] == place


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"resourceType": "Observation", "status": "done"}, "Observation.status is 'done': expected one of amended"),
        ({"resourceType": "Bundle", "type": "bag"}, "Bundle.type is 'bag'"),
        ({"resourceType": "Device", "name": [{"type": "nickname"}]}, "Device.name.type is 'nickname'"),
        ({"resourceType": "DeviceMetric", "category": "x"}, "DeviceMetric.category is 'x'"),
        ({"resourceType": "Patient", "identifier": [{"use": "mine"}]}, "Patient.identifier.use is 'mine'"),
        (
            {"resourceType": "Device", "type": {"coding": [{"system": "http://other", "code": "1"}]}},
            "Device.type.coding.system is 'http://other'",
        ),
        (
            {"resourceType": "Device", "quantity": {"system": codes.UCUM, "code": "bpm"}},
            "Device.quantity.code is 'bpm': expected one of /min",
        ),
    ],
)
def test_a_code_that_its_value_set_does_not_have_is_named(resource: dict[str, Any], said: str) -> None:
    with pytest.raises(CorruptDataError, match=re.escape(said)):
        check_resource(resource, simulated=False)


def test_what_this_export_never_writes_is_refused() -> None:
    sound: dict[str, Any] = {
        "resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "rating"}]},
        "subject": {"reference": "urn:uuid:1"}, "effectiveDateTime": "2026-01-01",
    }  # fmt: skip
    check_resource(sound, simulated=False)
    with pytest.raises(CorruptDataError, match="no HTEST"):
        check_resource(sound, simulated=True)
    with pytest.raises(CorruptDataError, match="a dataAbsentReason and an interpretation"):
        check_resource({**sound, "dataAbsentReason": {}, "interpretation": []}, simulated=False)
    with pytest.raises(CorruptDataError, match="a value and a dataAbsentReason"):
        check_resource({**sound, "dataAbsentReason": {}, "valueString": "x"}, simulated=False)
    machine = {**sound, "code": {"coding": [{"system": codes.LOINC, "code": SELF_REPORT}]}, "device": {}}
    with pytest.raises(CorruptDataError, match="expected the patient as performer, and no device"):
        check_resource(machine, simulated=False)
    with pytest.raises(CorruptDataError, match="no subject"):
        check_resource({name: part for name, part in sound.items() if name != "subject"}, simulated=False)


def test_the_required_codes_are_those_of_both_versions() -> None:
    """The models carry the codes of a version as hints, which they do not check."""
    for path, allowed in REQUIRED.items():
        kind, *rest = path.split(".")
        for version, folder in (("R4B", "fhir.resources.R4B."), ("R5", "fhir.resources.")):
            module = importlib.import_module(folder + kind.lower())
            owner = getattr(module, {"deviceName": "DeviceDeviceName", "name": "DeviceName"}.get(rest[0], kind), None)
            field = rest[-1]
            if owner is None or rest[0] == "identifier":
                continue
            hint = owner.model_fields[field].json_schema_extra.get("enum_values")
            # "+" stands for more
            assert hint is None or "+" in hint or allowed <= set(hint), (version, path, hint)
