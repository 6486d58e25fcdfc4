"""A FHIR Bundle for each session.

Input: sessions of a patient. Output: ``LABEL_session-N_fhir-R4B.json``, a collection whose resources stand one in a
line. Each resource is checked by the models of `fhir.resources` and by `checking` before it is written; a session of
any length needs the memory of one table.
"""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecg_facial.errors import CorruptDataError
from ecg_facial.export.content import SessionContent, make_label
from ecg_facial.export.fhir import codes
from ecg_facial.export.fhir.checking import check_resource
from ecg_facial.export.fhir.devices import Names, make_devices, make_patient
from ecg_facial.export.fhir.observations import make_observations, make_session_observation, say_utc
from ecg_facial.export.files import new_file
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EstimateRow, EventRow, RatingRow
from ecg_facial.runtime.extras import require_extras
from ecg_facial.runtime.progress import track

_KINDS = (BaselineRow, EstimateRow, AlarmRow, EventRow, RatingRow)
# what monitors has no serial number: it is known by its identity in the bundle
_IDENTIFIED = ("Device", "DeviceMetric")


def write_bundles(
    sessions: Sequence[SessionContent], out: Path, *, version: str, show_progress: bool = False
) -> list[Path]:
    """Write a bundle for each session.

    Parameters
    ----------
    sessions : sequence of SessionContent
    out : Path
        Folder.
    version : {"R4B", "R5"}
    show_progress : bool

    Raises
    ------
    MissingDependencyError
        Without the extra `export`.
    """
    require_extras("export")
    return [_write_bundle(one, out, version=version, show_progress=show_progress) for one in sessions]


def _write_bundle(one: SessionContent, out: Path, *, version: str, show_progress: bool) -> Path:
    path = out / f"{make_label(one.session.patient)}_session-{one.number}_fhir-{version}.json"
    names = Names(session=one.session, number=one.number)
    total = sum(one.store.count(kind, one.number) for kind in _KINDS)
    entries = _list_resources(one, names, version=version, show_progress=show_progress, total=total)
    shell = _mark(_make_shell(one, names), simulated=one.session.simulated)
    _check(shell, one, version=version)
    with new_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        stream.write(_to_line(shell)[:-1] + ',"entry":[')
        for place, (key, resource) in enumerate(entries):
            identity = names.make_id(key)
            complete = _mark({"id": identity, **resource}, simulated=one.session.simulated)
            if complete["resourceType"] in _IDENTIFIED:
                complete["identifier"] = [_identify(identity)]
            _check(complete, one, version=version)
            entry = _to_line({"fullUrl": f"urn:uuid:{identity}", "resource": complete})
            stream.write(("," if place else "") + "\n" + entry)
        stream.write("\n]}\n")
    return path


def _to_line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _make_shell(one: SessionContent, names: Names) -> dict[str, Any]:
    identity = names.make_id("bundle")
    # the same whenever it is exported
    ended_utc_s = one.session.ended_utc_s
    return {
        "resourceType": "Bundle",
        "id": identity,
        "identifier": _identify(identity),
        "type": "collection",
        "timestamp": say_utc(one.session.started_utc_s if ended_utc_s is None else ended_utc_s),
    }


def _identify(identity: str) -> dict[str, str]:
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identity}"}


def _list_resources(
    one: SessionContent, names: Names, *, version: str, show_progress: bool, total: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """All resources with the keys of their identities."""
    yield "codes", codes.make_code_system(one.session.class_names, version=one.session.software)
    yield "patient", make_patient(names)
    yield from make_devices(names, version=version).items()
    yield "session", make_session_observation(one, names)
    rows = (row for kind in _KINDS for row in one.read(kind))
    seen: Counter[str] = Counter()
    for row in track(rows, label="FHIR", total=total, show=show_progress):
        # rows that are alike in time are told apart by their order
        when = f"{row.table} {row.time_s!r} {row.utc_s!r}"
        seen[when] += 1
        for place, resource in enumerate(make_observations(row, one, names)):
            yield f"{when} {seen[when]} {place}", resource


def _mark(resource: dict[str, Any], *, simulated: bool) -> dict[str, Any]:
    """Put the labels ahead of the content, with that of a simulated session."""
    kind, identity = resource["resourceType"], resource["id"]
    labels = [codes.TEST_DATA] * simulated + resource.get("meta", {}).get("security", [])
    rest = {name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")}
    return {"resourceType": kind, "id": identity, **({"meta": {"security": labels}} if labels else {}), **rest}


def _check(resource: dict[str, Any], one: SessionContent, *, version: str) -> None:
    from pydantic import ValidationError

    kind = resource["resourceType"]
    folder = "fhir.resources." + ("R4B." if version == "R4B" else "")
    model = getattr(importlib.import_module(folder + kind.lower()), kind)
    try:
        model.model_validate(resource)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CorruptDataError(
            f"session {one.number}: {kind}.{place} cannot be written as FHIR {version} ({first['msg']}); export as csv"
        ) from None
    check_resource(resource, simulated=one.session.simulated)
