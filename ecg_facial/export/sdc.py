"""A patient of the monitor as an IEEE 11073 SDC provider, for hospital systems that subscribe to devices.

Input: `PatientState`s and stretches of ECG as they come. Output: on the network, the pain estimate and the heart rate
with their validity, the ECG as a waveform, and a condition for each alarm. Nothing can be set from outside. A value
that is gated or stale is absent there; the last number never stays.
"""

from __future__ import annotations

import ipaddress
import itertools
import uuid
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from xml.sax.saxutils import quoteattr

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.export.doubts import explain_absence, find_doubts, list_states
from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.alarms.panel import PAIN
from ecg_facial.live.alarms.settings import PRIORITIES
from ecg_facial.live.state import PatientState, Phase
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.extras import require_extras
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.version import __version__

OWN_CODES = "urn:uuid:5d3f1a52-6f0e-4c1b-9f4e-0d1c8e7a2b46"
"""System of the package's own codes, as in FHIR."""
ESTIMATE, HEART_RATE, ECG, PATIENT = "estimate", "heart_rate", "ecg", "patient"
"""Handles. That of an alarm is ``alarm_`` and its name."""
_PRIORITIES = {"high": "Hi", "medium": "Me", "low": "Lo"}
# values of BICEPS' MeasurementValidity
_VALID, _QUESTIONABLE, _CALIBRATING, _INVALID, _ABSENT = "Vld", "Qst", "Calib", "Inv", "NA"
_BY_ABSENCE = {"not available": _ABSENT, "invalid": _INVALID, "unknown": _ABSENT}
_DIGITS = 4
# ISO/IEEE 11073-10101: millivolt, beats per minute, dimensionless; ECG, heart rate
_MDIB = """<msg:GetMdibResponse xmlns:msg="http://standards.ieee.org/downloads/11073/11073-10207-2017/message"
 xmlns:pm="http://standards.ieee.org/downloads/11073/11073-10207-2017/participant"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" MdibVersion="0" SequenceId={sequence}>
<msg:Mdib MdibVersion="0" SequenceId={sequence}><pm:MdDescription><pm:Mds Handle="mds"><pm:Type Code="69965"/>
<pm:AlertSystem Handle="alarms" SelfCheckPeriod="PT5S">{alarms}</pm:AlertSystem>
<pm:SystemContext Handle="context"><pm:PatientContext Handle="patient"/></pm:SystemContext>
<pm:Vmd Handle="vmd"><pm:Type Code="69966"/><pm:Channel Handle="channel"><pm:Type Code="69967"/>
<pm:Metric xsi:type="pm:NumericMetricDescriptor" Handle="estimate" MetricCategory="Clc" MetricAvailability="Intr"
 Resolution="0.0001"><pm:Type Code="pain-estimate" CodingSystem={own}/><pm:Unit Code="262656"/></pm:Metric>
<pm:Metric xsi:type="pm:NumericMetricDescriptor" Handle="heart_rate" MetricCategory="Msrmt" MetricAvailability="Intr"
 Resolution="0.0001"><pm:Type Code="147842"/><pm:Unit Code="264864"/></pm:Metric>
<pm:Metric xsi:type="pm:RealTimeSampleArrayMetricDescriptor" Handle="ecg" MetricCategory="Msrmt"
 MetricAvailability="Cont" Resolution="0.0001" SamplePeriod="PT{period:.9f}S"><pm:Type Code="131328"/>
<pm:Unit Code="{unit}"/></pm:Metric>
</pm:Channel></pm:Vmd></pm:Mds></pm:MdDescription></msg:Mdib></msg:GetMdibResponse>"""
_ALARM = '<pm:AlertCondition Handle="{handle}" Kind="{kind}" Priority="{priority}">{source}</pm:AlertCondition>'


class Discovery(Protocol):
    """Where the provider makes itself known, such as `sdc11073.wsdiscovery.WSDiscovery`."""

    active_address: str

    def publish_service(self, epr: str, types: list[Any], scopes: Any, x_addrs: list[str]) -> None:
        """Make a provider known."""

    def clear_service(self, epr: str) -> None:
        """Take it back."""


@dataclass(kw_only=True)
class KnownAddress:
    """No discovery: whoever is told the address finds the provider.

    Attributes
    ----------
    active_address : str
        Address of this machine.
    """

    active_address: str = "127.0.0.1"
    published: list[str] = field(default_factory=list)

    def publish_service(self, epr: str, types: list[Any], scopes: Any, x_addrs: list[str]) -> None:
        """See `Discovery`."""
        self.published = list(x_addrs)

    def clear_service(self, epr: str) -> None:
        """See `Discovery`."""
        self.published = []


class SdcPatient:
    """An SDC provider of one patient; used by one thread.

    Parameters
    ----------
    patient : str
        Pseudonym.
    fs_hz : float
        Rate of the ECG.
    unit : str, optional
        ``mV`` where that is known.
    discovery : Discovery
    tls : object, optional
        An `SSLContextContainer` of sdc11073. Without one, only this machine may be served.

    Raises
    ------
    SettingsError
        For another address than loopback without TLS.
    MissingDependencyError
        Without the extra `sdc`.
    """

    def __init__(
        self,
        patient: str,
        *,
        fs_hz: float,
        unit: str | None = "mV",
        discovery: Discovery | None = None,
        tls: Any = None,
    ) -> None:
        require_extras("sdc")
        discovery = KnownAddress() if discovery is None else discovery
        address = discovery.active_address
        if tls is None and not ipaddress.ip_address(address).is_loopback:
            raise SettingsError(f"address is {address}, without TLS: give certificates, or serve 127.0.0.1 alone")
        self._fs_hz, self._sent_s = fs_hz, float("-inf")
        with warnings.catch_warnings():
            # it deprecates a module of its own that it imports
            warnings.simplefilter("ignore", DeprecationWarning)
            from sdc11073.definitions_sdc import SdcV1Definitions
            from sdc11073.mdib.providermdib import ProviderMdib
            from sdc11073.provider.providerimpl import SdcProvider, provider_components_sync_factory
            from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType

        self._mdib: Any = ProviderMdib.from_string(_describe(fs_hz, unit).encode(), SdcV1Definitions)
        model = ThisModelType(manufacturer="ecg_facial", model_name="ecg_facial monitor, research only")
        device = ThisDeviceType(friendly_name="ecg_facial", firmware_version=__version__)
        self._provider = SdcProvider(
            discovery, model, device, self._mdib, ssl_context_container=tls,
            components=provider_components_sync_factory(),
        )  # fmt: skip
        self._identify(patient)
        self._provider.start_all(start_rtsample_loop=False)

    @property
    def address(self) -> str:
        """Where consumers connect."""
        return str(self._provider.get_xaddrs()[0])

    def update(self, state: PatientState) -> None:
        """Send what is shown now.

        Parameters
        ----------
        state : PatientState
            Its alarms that are over are not present.
        """
        values = {ESTIMATE: _judge_estimate(state), HEART_RATE: _judge_heart_rate(state)}
        with self._mdib.metric_state_transaction() as transaction:
            for handle, (value, validity) in values.items():
                self._set(transaction.get_state(handle), validity, simulated=state.simulated).Value = _decimal(value)
        self._update_alarms(state)

    def send_ecg(self, signal: EcgSignal, *, utc_s: float, simulated: bool) -> None:
        """Send the samples that were not sent yet.

        Parameters
        ----------
        signal : EcgSignal
            The last seconds, in session time; may overlap what was given before.
        utc_s : float
            UTC of session time 0.
        simulated : bool
        """
        first = max(0, round((self._sent_s - signal.start_s) * self._fs_hz)) if np.isfinite(self._sent_s) else 0
        samples = signal.samples[first:]
        if not len(samples):
            return
        start_s = signal.start_s + first / self._fs_hz
        self._sent_s = start_s + len(samples) / self._fs_hz
        # a waveform has no gaps inside: each part between two of them is sent by itself
        lost = np.flatnonzero(~np.isfinite(samples))
        for begun, end in itertools.pairwise([-1, *lost.tolist(), len(samples)]):
            if end - begun > 1:
                self._send(samples[begun + 1 : end], utc_s + start_s + (begun + 1) / self._fs_hz, simulated=simulated)

    def _send(self, samples: Float64Array, utc_s: float, *, simulated: bool) -> None:
        with self._mdib.rt_sample_state_transaction() as transaction:
            value = self._set(transaction.get_state(ECG), _VALID, simulated=simulated)
            value.Samples = [_decimal(float(sample)) for sample in samples]
            value.DeterminationTime = utc_s

    def close(self) -> None:
        """Leave the network."""
        self._provider.stop_all()

    def _set(self, state: Any, validity: str, *, simulated: bool) -> Any:
        """Set the validity of a metric's value, and return the value."""
        from sdc11073.xml_types import pm_types

        if state.MetricValue is None:
            state.mk_metric_value()
        state.ActivationState = pm_types.ComponentActivation.ON
        quality = state.MetricValue.MetricQuality
        quality.Validity = pm_types.MeasurementValidity(validity)
        quality.Mode = pm_types.GenerationMode.DEMO if simulated else pm_types.GenerationMode.REAL
        return state.MetricValue

    def _update_alarms(self, state: PatientState) -> None:
        from sdc11073.xml_types import pm_types

        present = {one.name for one in state.alarms if one.state in (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED)}
        with self._mdib.alert_state_transaction() as transaction:
            for name in PRIORITIES:
                one = transaction.get_state(name_alarm(name))
                one.ActivationState = pm_types.AlertActivation.ON
                one.Presence = name in present
            system = transaction.get_state("alarms")
            system.ActivationState = pm_types.AlertActivation.ON
            system.PresentTechnicalAlarmConditions = [
                name_alarm(name) for name in PRIORITIES if name in present - {PAIN}
            ]

    def _identify(self, patient: str) -> None:
        from sdc11073.xml_types import pm_types

        with self._mdib.context_state_transaction() as transaction:
            state = transaction.mk_context_state(PATIENT, set_associated=True)
            state.Identification = [pm_types.InstanceIdentifier(root=OWN_CODES, extension_string=patient)]


def name_alarm(name: str) -> str:
    """Give the handle of an alarm."""
    return f"alarm_{name}"


def _judge_estimate(state: PatientState) -> tuple[float | None, str]:
    """Value and validity of the estimate that is shown."""
    row = state.shown
    if row is None:
        return None, _ABSENT
    if row.estimate is None:
        return None, _BY_ABSENCE[explain_absence(list_states(row))]
    if state.phase is Phase.REST:
        return row.estimate, _CALIBRATING
    return row.estimate, _QUESTIONABLE if find_doubts(row) else _VALID


def _judge_heart_rate(state: PatientState) -> tuple[float | None, str]:
    """Value and validity of the heart rate that is shown."""
    row = state.shown
    if row is None:
        return None, _ABSENT
    if row.heart_rate_bpm is None:
        return None, _BY_ABSENCE[explain_absence([row.ecg_state])]
    return row.heart_rate_bpm, _VALID if row.ecg_state == "ok" else _QUESTIONABLE


def _describe(fs_hz: float, unit: str | None) -> str:
    """Describe what the provider has: BICEPS' description of its metrics and alarms."""
    alarms = [
        _ALARM.format(
            handle=name_alarm(name), kind="Oth" if name == PAIN else "Tec", priority=_PRIORITIES[priority],
            source=f"<pm:Source>{ESTIMATE}</pm:Source>" if name == PAIN else "",
        )
        for name, priority in PRIORITIES.items()
    ]  # fmt: skip
    return _MDIB.format(
        sequence=quoteattr(uuid.uuid4().urn), own=quoteattr(OWN_CODES), alarms="".join(alarms), period=1.0 / fs_hz,
        unit="266418" if unit == "mV" else "262656",
    )  # fmt: skip


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.{_DIGITS}f}")
