"""Who is monitored, and what monitors: the resources that all observations of a session refer to.

Input: a session. Output: Patient, Devices (MDS, VMD, Channels) and DeviceMetrics as plain dictionaries, after the
Point-of-Care Devices guide. Alarm limits are not written: DeviceMetric has no element for them before FHIR R6.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from ecg_facial.export.fhir import codes
from ecg_facial.live.store.rows import Session
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_NOTE

_NAMESPACE = uuid.UUID("a7c1f6de-2b0d-4f63-8a56-3f0c1e9d7b24")
# ISO/IEEE 11073-10101: kinds of devices, software revision, units
_MDS, _VMD = ("69965", "MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS"), ("69966", "MDC_DEV_MON_PHYSIO_MULTI_PARAM_VMD")
_CHANNEL = ("69967", "MDC_DEV_MON_PHYSIO_MULTI_PARAM_CHAN")
_SOFTWARE = ("531975", "MDC_ID_PROD_SPEC_SW")
_BEATS_PER_MINUTE, _DIMENSIONLESS = ("264864", "MDC_DIM_BEAT_PER_MIN"), ("262656", "MDC_DIM_DIMLESS")


@dataclass(frozen=True, kw_only=True)
class Names:
    """Identities of the resources of a session: the same for the same session, whenever it is exported.

    Attributes
    ----------
    session : Session
    number : int
        In the store.
    """

    session: Session
    number: int

    def make_id(self, key: str) -> str:
        """Identity of a resource."""
        about = self.session
        seed = f"{about.patient}\0{about.started_utc_s!r}\0{about.bundle_sha256}\0{self.number}\0{key}"
        return str(uuid.uuid5(_NAMESPACE, seed))

    def refer(self, key: str) -> dict[str, str]:
        """Refer to a resource of the same bundle."""
        return {"reference": f"urn:uuid:{self.make_id(key)}"}


def make_patient(names: Names) -> dict[str, Any]:
    """Temporary Patient with a pseudonym and no name."""
    return {
        "resourceType": "Patient",
        "identifier": [{"use": "temp", "system": codes.PSEUDONYMS, "value": names.session.patient}],
    }


def make_devices(names: Names, *, version: str) -> dict[str, dict[str, Any]]:
    """Devices and metrics of a session, by their keys.

    Parameters
    ----------
    names : Names
    version : {"R4B", "R5"}
    """
    notes = [SIMULATED_NOTE] * names.session.simulated + [RESEARCH_NOTE]
    mds = _device(names, "ecg_facial monitor", _MDS, parent="", version=version)
    mds["note"] = [{"text": note} for note in notes]
    return {
        "mds": mds,
        "vmd": _device(names, "Estimation of pain from face and ECG", _VMD, parent="mds", version=version),
        "estimate channel": _device(names, "Pain estimate", _CHANNEL, parent="vmd", version=version),
        "ecg channel": _device(names, "ECG", _CHANNEL, parent="vmd", version=version),
        "estimate": _metric(
            names, [_own("pain-estimate")], unit="1", dimension=_DIMENSIONLESS, channel="estimate channel",
            version=version,
        ),
        "heart rate": _metric(
            names, [codes.MDC_HEART_RATE, _own("heart-rate")], unit="/min", dimension=_BEATS_PER_MINUTE,
            channel="ecg channel", version=version,
        ),
    }  # fmt: skip


def describe_method(session: Session) -> str:
    """Software and model of an estimate in one line."""
    return f"ecg_facial {session.software}; model bundle {session.bundle_version}, SHA-256 {session.bundle_sha256}"


def _device(names: Names, name: str, kind: tuple[str, str], *, parent: str, version: str) -> dict[str, Any]:
    label: dict[str, Any] = {"type": "user-friendly-name"}
    about = names.session
    device: dict[str, Any] = {
        "resourceType": "Device",
        "status": "active",
        "modelNumber": "ecg_facial",
        "type": {"coding": [_mdc(kind)]} if version == "R4B" else [{"coding": [_mdc(kind)]}],
        "version": [
            {"type": {"coding": [_mdc(_SOFTWARE)], "text": "software"}, "value": about.software},
            {
                "type": codes.own("model-bundle"),
                "component": {"system": codes.BUNDLES, "value": about.bundle_sha256},
                "value": about.bundle_version,
            },
        ],
    }
    if version == "R4B":
        device["deviceName"] = [{"name": name, **label}]
    else:
        device["name"] = [{"value": name, **label}]
    if parent:
        device["parent"] = names.refer(parent)
    elif version == "R4B":
        # R5 associates devices and people elsewhere
        device["patient"] = names.refer("patient")
    return device


def _metric(
    names: Names, kinds: list[dict[str, str]], *, unit: str, dimension: tuple[str, str], channel: str, version: str
) -> dict[str, Any]:
    metric: dict[str, Any] = {
        "resourceType": "DeviceMetric",
        "type": {"coding": kinds},
        "unit": {"coding": [{"system": codes.UCUM, "code": unit}, _mdc(dimension)]},
        "operationalStatus": "on",
        "category": "calculation",
    }
    if version == "R4B":
        return {**metric, "source": names.refer("mds"), "parent": names.refer(channel)}
    return {**metric, "device": names.refer(channel)}


def _mdc(code: tuple[str, str]) -> dict[str, str]:
    return {"system": codes.MDC, "code": code[0], "display": code[1]}


def _own(code: str) -> dict[str, str]:
    return {"system": codes.SYSTEM, "code": code, "display": codes.describe(code)}
