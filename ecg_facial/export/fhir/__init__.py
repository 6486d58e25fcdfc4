"""FHIR bundles of a monitor's sessions, after the Point-of-Care Devices guide."""
