"""What FHIR demands of a resource and its models do not check: codes of required value sets; and rules of this export.

Input: a resource as a plain dictionary. Output: nothing, or an error that names the element, its value and what is
allowed. `fhir.resources` checks names, types and cardinalities; it takes any code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecg_facial.errors import CorruptDataError
from ecg_facial.export.fhir import codes


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


REQUIRED: Mapping[str, frozenset[str]] = {
    "Bundle.type": _set(
        "document message transaction transaction-response batch batch-response history searchset collection"
    ),
    "Observation.status": _set("registered preliminary final amended corrected cancelled entered-in-error unknown"),
    "CodeSystem.status": _set("draft active retired unknown"),
    "CodeSystem.content": _set("not-present example fragment complete supplement"),
    "DeviceMetric.category": _set("measurement setting calculation unspecified"),
    "DeviceMetric.operationalStatus": _set("on off standby entered-in-error"),
    "Patient.identifier.use": _set("usual official temp secondary old"),
    "Device.status": _set("active inactive entered-in-error"),
    # R4B, then R5
    "Device.deviceName.type": _set(
        "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other"
    ),
    "Device.name.type": _set("registered-name user-friendly-name patient-reported-name"),
}
"""Elements of this export that are bound to a value set by `required`, and its codes. A value that only one of the two
FHIR versions has is left out."""

_ABSENT = _set(
    "unknown asked-unknown temp-unknown not-asked asked-declined masked not-applicable unsupported as-text error "
    "not-a-number negative-infinity positive-infinity not-performed not-permitted"
)
_STATUS = _set("questionable calibration-ongoing validated-data early-indication msmt-ongoing in-alarm alarm-inhibited")
_UNITS = frozenset(("1", "/min", "ms", "s", "[ppm]", "{score}"))
_BY_SYSTEM: Mapping[str, frozenset[str] | None] = {
    codes.ABSENT: _ABSENT,
    codes.STATUS: _STATUS,
    codes.ACT_REASON: frozenset(("HTEST",)),
    codes.INTEGRITY: frozenset(("UNCERTREL", "UNRELIABLE")),
    codes.CATEGORY: frozenset(("vital-signs",)),
    codes.LOINC: frozenset((codes.HEART_RATE, codes.SELF_REPORT)),
    codes.UCUM: _UNITS,
    # their codes are written in one place each
    codes.SYSTEM: None,
    codes.MDC: None,
}


def check_resource(resource: Mapping[str, Any], *, simulated: bool) -> None:
    """Check a resource before it is written.

    Parameters
    ----------
    resource : mapping
    simulated : bool
        Whether it must say so.

    Raises
    ------
    CorruptDataError
        For a code that its value set does not have, and for what this export never writes: a simulated resource
        without HTEST, an interpretation of a value that is absent, a machine's estimate under the code of self-report.
    """
    kind = str(resource["resourceType"])
    for path, value in _walk(kind, resource):
        if path in REQUIRED and value not in REQUIRED[path]:
            raise _refuse(path, value, REQUIRED[path])
        if isinstance(value, Mapping) and "system" in value and "code" in value:
            _check_coding(path, value)
    if simulated and codes.TEST_DATA not in resource.get("meta", {}).get("security", []):
        raise CorruptDataError(
            f"{kind}.meta.security has no HTEST: expected it on every resource of a SIMULATED session"
        )
    if kind == "Observation":
        _check_observation(resource)


def _check_coding(path: str, coding: Mapping[str, Any]) -> None:
    system, code = coding["system"], coding["code"]
    if system not in _BY_SYSTEM:
        raise _refuse(f"{path}.system", system, _BY_SYSTEM)
    allowed = _BY_SYSTEM[system]
    if allowed is not None and code not in allowed:
        raise _refuse(f"{path}.code", code, allowed)


def _check_observation(resource: Mapping[str, Any]) -> None:
    has_value = any(name.startswith("value") for name in resource)
    is_absent = "dataAbsentReason" in resource
    if has_value and is_absent:
        raise CorruptDataError("Observation has a value and a dataAbsentReason: expected one of them")
    if is_absent and "interpretation" in resource:
        raise CorruptDataError("Observation has a dataAbsentReason and an interpretation: expected one of them")
    for name in ("subject", "effectiveDateTime" if "effectiveDateTime" in resource else "effectivePeriod"):
        if name not in resource:
            raise CorruptDataError(f"Observation has no {name}: expected one")
    is_self_report = any(coding.get("code") == codes.SELF_REPORT for coding in resource["code"]["coding"])
    if is_self_report and ("device" in resource or resource.get("performer") != [resource["subject"]]):
        raise CorruptDataError(
            f"Observation.code is {codes.SELF_REPORT}, which a person reports: expected the patient as performer, and "
            "no device"
        )


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """All values with the path of their elements, without places in lists."""
    yield path, value
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(f"{path}.{name}", part)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(path, part)


def _refuse(path: str, value: object, allowed: Any) -> CorruptDataError:
    return CorruptDataError(f"{path} is {value!r}: expected one of {', '.join(sorted(allowed))}")
