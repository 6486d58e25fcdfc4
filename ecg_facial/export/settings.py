"""Formats of an export; imports nothing, as the command line's help is made from it."""

from __future__ import annotations

FORMATS = ("fhir", "edf", "bids", "csv", "wfdb")
FHIR_VERSIONS = ("R4B", "R5")
"""The first is taken unless another one is asked for: the Point-of-Care Devices guide builds on R4."""
