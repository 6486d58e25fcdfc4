"""Codes of a FHIR export: those of others by their systems, and the package's own.

Input: names and values. Output: pieces of FHIR as plain dictionaries. The package's own codes have a system of their
own (`SYSTEM`), which stands in each bundle as a CodeSystem: no code of a published vocabulary means "estimated by a
machine from face and ECG".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SYSTEM = "urn:uuid:5d3f1a52-6f0e-4c1b-9f4e-0d1c8e7a2b46"
"""The package's own CodeSystem."""
PSEUDONYMS = "urn:uuid:0c9d2c0e-8a55-4f3e-bb0e-5f3a9b1c7d18"
"""Identifiers of patients as a store has them: unique within one store alone."""
BUNDLES = "urn:uuid:e2a4b7d0-3c61-4a1d-8e0f-7b9f6c5d4a32"
"""SHA-256 of a model bundle's manifest."""
LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
UCUM = "http://unitsofmeasure.org"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
STATUS = "http://terminology.hl7.org/CodeSystem/measurement-status"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
INTEGRITY = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"

HEART_RATE, SELF_REPORT = "8867-4", "72514-3"
"""LOINC: heart rate; pain severity as the person reports it, 0 to 10, which no machine estimates."""

TEST_DATA = {"system": ACT_REASON, "code": "HTEST", "display": "test health data"}
UNCERTAIN = {"system": INTEGRITY, "code": "UNCERTREL", "display": "uncertain reliability"}
UNRELIABLE = {"system": INTEGRITY, "code": "UNRELIABLE", "display": "unreliable"}
QUESTIONABLE = {"system": STATUS, "code": "questionable", "display": "Questionable"}
NOT_PERFORMED = {"system": ABSENT, "code": "not-performed", "display": "Not Performed"}
ERROR = {"system": ABSENT, "code": "error", "display": "Error"}
UNKNOWN = {"system": ABSENT, "code": "unknown", "display": "Unknown"}
MDC_HEART_RATE = {"system": MDC, "code": "147842", "display": "MDC_ECG_HEART_RATE"}
VITAL_SIGNS = {"system": CATEGORY, "code": "vital-signs", "display": "Vital Signs"}

CONCEPTS = {
    "pain-estimate": "Pain estimate of a machine: expected class of a stimulus, not what a person feels. Research only",
    "trend": "Pain estimate smoothed over time",
    "trend-interval": "90 % interval of the trend",
    "signals-used": "Signals behind a pain estimate: facial+ecg, facial or ecg",
    "face-state": "ok, or what is wrong with the picture of the face",
    "ecg-state": "ok, or what is wrong with the ECG",
    "face-quality": "Quality of the face in the window, 0 to 1",
    "ecg-quality": "Quality of the ECG in the window, 0 to 1",
    "clock-state": "Clocks of face and ECG: one clock, synchronised or unsynchronised",
    "clock-offset": "Offset of the ECG's clock against the video's",
    "clock-drift": "Drift of the ECG's clock against the video's",
    "clock-uncertainty": "How far the offset may be off",
    "latency": "From the window's last sample to the estimate",
    "frames-shed": "Frames dropped since the last estimate, as the machine was too slow",
    "session": "One stretch of monitoring of one person",
    "sources": "What was connected",
    "session-end": "How a session ended",
    "event": "Something that happened to a source, a clock, the store or the monitor",
    "event-source": "What an event happened to",
    "message": "One line for a person",
    "duration": "Length of an event",
    "alarm": "A change of an alarm of the monitor",
    "alarm-name": "pain, or a technical alarm",
    "alarm-priority": "high, medium or low",
    "raised": "The alarm was raised",
    "acknowledged": "A person has seen the alarm",
    "cleared": "The alarm is over",
    "paused": "All alarms were silenced for a time",
    "resumed": "A pause was ended",
    "switched-off": "The sound of all alarms was switched off",
    "switched-on": "The sound of all alarms was switched on",
    "by": "Sign of a person, or monitor",
    "rating": "A rating by a person who is not the patient, or of whom that is not known",
    "rating-scale": "Scale of a rating",
    "note": "A note by a person",
    "rest": "A person's medians at rest, from which the pain alarm measures",
    "rest-estimate": "Median pain estimate at rest",
    "rest-heart-rate": "Median heart rate at rest",
    "rest-count": "Estimates behind the medians",
    "model-bundle": "Model that made the estimates, with the SHA-256 of its manifest",
    "heart-rate": "Heart rate from the ECG",
}
"""The package's own codes and what they mean. Each class has two more, such as ``class-0`` and ``probability-0``."""

# units as a person reads them
_UNITS = {
    "1": "1",
    "/min": "beats per minute",
    "ms": "ms",
    "s": "s",
    "[ppm]": "parts per million",
    "{score}": "score",
}


def own(code: str, *, text: str = "") -> dict[str, Any]:
    """Concept of the package's own system."""
    found: dict[str, Any] = {"coding": [{"system": SYSTEM, "code": code, "display": describe(code)}]}
    return {**found, "text": text} if text else found


def describe(code: str) -> str:
    """Meaning of one of the package's own codes."""
    for prefix, meaning in (("probability-", "Probability of class"), ("class-", "Name of class")):
        if code.startswith(prefix):
            return f"{meaning} {code.removeprefix(prefix)}"
    return CONCEPTS[code].partition(":")[0]


def probability_code(place: int) -> str:
    """Code of the probability of a class, by its place from 0."""
    return f"probability-{place}"


def name_code(place: int) -> str:
    """Code of the name of a class, by its place from 0."""
    return f"class-{place}"


def quantity(value: float, unit: str, *, text: str = "") -> dict[str, Any]:
    """Value with its UCUM unit."""
    return {"value": value, "unit": text or _UNITS[unit], "system": UCUM, "code": unit}


def make_code_system(class_names: Sequence[str], *, version: str) -> dict[str, Any]:
    """CodeSystem of the package's own codes, with the classes of a bundle."""
    places = range(len(class_names))
    codes = [*CONCEPTS, *map(name_code, places), *map(probability_code, places)]
    return {
        "resourceType": "CodeSystem",
        "url": SYSTEM,
        "version": version,
        "name": "EcgFacialMonitorCodes",
        "title": "Codes of the ecg_facial monitor",
        "status": "draft",
        "experimental": True,
        "description": "For research only. Classes of an estimate are levels of a stimulus.",
        "caseSensitive": True,
        # another bundle has other classes
        "content": "fragment",
        "concept": [
            {"code": code, "display": describe(code), "definition": CONCEPTS.get(code, describe(code))}
            for code in codes
        ],
    }
