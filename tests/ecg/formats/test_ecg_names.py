"""Which channel is the ECG: names of devices and people, and what stands beside an ECG with its name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from written_ecg import ECG_MV, check_text, read_text, write_rows

from ecg_facial.ecg.formats.ecg_names import looks_like_ecg
from ecg_facial.ecg.formats.units import split_unit

ECGS = (
    "ecg", "ECG II", "EcgWaveform", "ecgRaw", "rawECG", "ECGSignal", "ECGData", "ECGmV", "ECGBITREV", "ECGBIT", "ECGL",
    "EKGL-EKGR", "ECGI", "ECG2L", "LeadII", "lead2", "Lead_1", "Ableitung II", "D\u00e9rivation II",
    "Elektrokardiogramm",
    "\u00c9lectrocardiogramme", "V5-REF", "POL ECG1", "HeartSignal_ECG", "aVF", "MLII", "II (filtered)",
    "ECG100C (gain 1000)", "\u042d\u041a\u0413", "\u5fc3\u7535\u56fe", "\u5fc3\u96fb\u56f3",
    "ECG-LL-RA-24BIT",
)  # fmt: skip
OTHERS = (
    "ECG_Rate", "ECG_LeadOff", "ECG_seq", "ecg_valid", "ecgCounter", "ECG_EMG_Status1", "ECG IBI", "ECGQuality",
    "ECG R Peaks", "ECG_Phase_Atrial", "ecg timestamp", "gsr", "EEG Fpz", "channel 2", "ch1", "Resp", "cecg_nothing",
    "project", "1", "",
)  # fmt: skip


@pytest.mark.parametrize("name", ECGS)
def test_an_ecg_is_known_by_its_name(name: str) -> None:
    assert looks_like_ecg(name)


@pytest.mark.parametrize("name", OTHERS)
def test_another_channel_is_none_even_where_it_bears_the_name(name: str) -> None:
    assert not looks_like_ecg(name)


@pytest.mark.parametrize(
    "names",
    [
        "ECG_seq;ECG_value", "ECG_LeadOff;ECG_data", "ecg_valid;ecg_raw", "ECG_Status1;ECG_LA_RA", "ECG HR (bpm);ECG 1",
        "ECG beats (%);ECG V1", "ecg battery;Lead II",
    ],
)  # fmt: skip
def test_what_stands_beside_an_ecg_is_not_taken_for_it(tmp_path: Path, names: str) -> None:
    reading = check_text(tmp_path, write_rows(lambda t, v: f"{t:.3f};7;{v}", header=f"time;{names}\n"))
    assert reading.channel == names.split(";")[1]


SPELLINGS = {
    "ECG_mV": 1.0, "ECG mV": 1.0, "ECG/mV": 1.0, "EKG in mV": 1.0, "ECG - mV": 1.0, "ECG, mV": 1.0, "ECG{mV}": 1.0,
    "ECG <mV>": 1.0, "ECG (mV) filtered": 1.0, "ECGmV": 1.0, "ecg_uV": 1e3, "ECG \u00b5V": 1e3, "ECG/uV": 1e3,
    "ecg_microvolts": 1e3, "ECG [\u00c2\u00b5V]": 1e3, "ECG (microV)": 1e3,
}  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_unit_is_found_wherever_it_stands_in_a_name(tmp_path: Path, name: str) -> None:
    text = write_rows(lambda t, v: f"{t:.3f};{v * SPELLINGS[name]:.3f};0", header=f"time;{name};gsr_uS\n")
    assert check_text(tmp_path, text).signal.unit == "mV"
    # the name is also found as the file spells it
    np.testing.assert_allclose(read_text(tmp_path, text, column=name).signal.samples, ECG_MV, atol=1e-6)


def test_a_micro_sign_of_dos_is_one(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: f"{t:.3f};{1000 * v:.1f}", header="Zeit (s);EKG (\u00b5V)\n")
    assert check_text(tmp_path, text.encode("cp850")).signal.unit == "mV"


def test_a_name_that_only_ends_like_a_unit_has_none() -> None:
    for name in ("lead V", "ECG V", "ECG_II", "ecg", "resp", "pH", "v", "CV", "ecg_n"):
        assert split_unit(name) == (name, None)
