"""Text exports of devices: what stands above a table is read as keys and values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from written_ecg import ECG_MV, FS_HZ, N_ROWS, check_text, clock, read_text, write_rows

from ecg_facial.ecg.formats.text_header import find_rate, find_rate_below, read_header
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import DataError

DISCRETISATION = "\u0414\u0438\u0441\u043a\u0440\u0435\u0442\u0438\u0437\u0430\u0446\u0438\u044f"
COMMA = str.maketrans(".", ",")


def open_signals(*, indent: int | None = None) -> str:
    about = {
        "00:07:80:00:00:01": {
            "device": "plux", "sync interval": 2, "channels": [1, 2], "sensor": ["EDA", "ECG"], "label": ["A1", "A2"],
            "resolution": [4, 10, 10], "column": ["nSeq", "A1", "A2"], "sampling rate": 250,
        }
    }  # fmt: skip
    text = "\n".join(f"# {line}" for line in json.dumps(about, indent=indent).split("\n"))
    header = f"# OpenSignals Text File Format\n{text}\n# EndOfHeader\n"
    return write_rows(lambda t, v: f"{round(t * FS_HZ) % 16}\t9\t{v}\t", header=header)


def several_devices(*sensors: str) -> str:
    """One device a sensor, each with the same names of columns."""
    about = {
        f"00:07:80:00:00:0{number}": {
            "device": "biosignalsplux", "channels": [1], "sensor": [sensor], "label": ["CH1"],
            "column": ["nSeq", "DI", "CH1"], "sampling rate": 250,
        } for number, sensor in enumerate(sensors)
    }  # fmt: skip
    header = f"# OpenSignals Text File Format. Version 1\n# {json.dumps(about)}\n# EndOfHeader\n"
    return write_rows(
        lambda t, v: "".join(f"{round(t * FS_HZ)}\t0\t{v if 'ECG' in sensor else 4}\t" for sensor in sensors),
        header=header,
    )


LABCHART = (
    "Interval=\t0.004 s\nExcelDateTime=\t4.5356E+04\t05/03/2024 09:30:00\nTimeFormat=\tStartOfBlock\nDateFormat=\t\n"
    "ChannelTitle=\tECG\tResp\nRange=\t5.000 mV\t10.000 V\n"
)
ACQKNOWLEDGE = "rec.acq\n4 msec/sample\n2 channels\nECG\nmV\nRSP\nVolts\n"
APPLE = (
    'Name,"Nobody, N."\nDate of Birth,"Jan 1, 1980"\nRecorded Date,2020-03-05 09:30:00 +0100\n'
    'Classification,Sinus Rhythm\nSymptoms,\nSoftware Version,1.90\nDevice,"Watch6,2"\nSample Rate,250 hertz\n\n\n'
    "Lead,Lead I\nUnit,\u00b5V\n\n"
)
APPLE_IN_GERMAN = (
    'Name,"Nobody, N."\nGeburtsdatum,"01.01.1980"\nKlassifizierung,Sinusrhythmus\nSymptome,\nSoftwareversion,"1,90"\n'
    "Messrate,250 Hertz\n\n\nAbleitung,Ableitung I\nEinheit,\u00b5V\n\n"
)
EXPORTS = {
    "OpenSignals": open_signals(),
    "OpenSignals over lines": open_signals(indent=2),
    "OpenSignals of two devices": several_devices("EDA", "ECG"),
    "OpenSignals of three devices": several_devices("RAW", "ECGBITREV", "EDABITREV"),
    "LabChart": write_rows(lambda t, v: f"{t:.3f}\t{v}\t1.0", header=LABCHART),
    "LabChart with comments": write_rows(
        lambda t, v: f"{t:.3f}\t{v}\t1.0" + ("\t#1 stimulus 5" if t in (0.4, 0.8) else ""), header=LABCHART
    ),
    "LabChart with decimal commas": write_rows(
        lambda t, v: f"{t:.3f}\t{v}\t1.0".translate(COMMA), header=LABCHART.translate(COMMA)
    ),
    "LabChart without times": write_rows(lambda _, v: f"{v}\t1.0", header=LABCHART),
    "LabChart in two blocks": write_rows(
        lambda t, v: ("" if t != 2 else LABCHART) + f"{t if t < 2 else t - 2:.3f}\t{v}\t1.0", header=LABCHART
    ),
    "LabChart with dates": write_rows(
        lambda t, v: f"{clock(t, pattern='%H:%M:%S.')}\t3/5/2024\t{v}\t1.0", header=LABCHART
    ),
    "AcqKnowledge": write_rows(
        lambda t, v: f"{t / 60:.8f}\t{v}\t1.0\t", header=ACQKNOWLEDGE + f"min\tCH1\tCH2\t\n\t{N_ROWS}\t{N_ROWS}\t\n"
    ),
    "AcqKnowledge without times": write_rows(
        lambda _, v: f"{v},1.0,", header=ACQKNOWLEDGE + f"CH1,CH2,\n{N_ROWS},{N_ROWS},\n"
    ),
    "Shimmer": write_rows(
        lambda t, v: f"{1709631000000 + t * 1e3:.3f}\t{v}\t-1.0\t",
        header="sep=\\t\nShimmer_1_Timestamp_Unix_CAL\tShimmer_1_ECG_LL-RA_24BIT_CAL\tShimmer_1_ECG_IBI\t\nms\tmV\tms\t\n",
    ),
    "Shimmer in four lines": write_rows(
        lambda t, v: f"{t * 1e3:.3f}\t{v}", header="Shimmer\tShimmer\nTimestamp\tECG LL-RA\nCAL\tCAL\nms\tmV\n"
    ),
    "Apple": write_rows(lambda _, v: f"{1000 * v:.3f}", header=APPLE),
    "Apple in German": write_rows(lambda _, v: f"{1000 * v:.3f}".translate(COMMA), header=APPLE_IN_GERMAN),
    "rdsamp": write_rows(
        lambda t, v: f"'{int(t // 60)}:{t % 60:06.3f}',{v},0.1",
        header="'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','mV'\n",
    ),
    "rdsamp in seconds": write_rows(
        lambda t, v: f"{t:.3f},{v}", header="'Elapsed time','ECG I'\n'seconds','mV'\n"
    ),
    "Shimmer with its status": write_rows(
        lambda t, v: f"{1709631000000 + t * 1e3:.3f}\t128.0\t{v}\t{2 * v}\t0\t",
        header="sep=\\t\nS_Timestamp_Unix_CAL\tS_ECG_EMG_Status1_CAL\tS_ECG_LA_RA_24BIT_CAL\tS_ECG_LL_RA_24BIT_CAL\t"
        "S_ECG_EMG_Status2_CAL\t\nms\tno_units\tmV\tmV\tno_units\t\n",
    ),
    "Delsys": write_rows(
        lambda t, v: f"{t:.4f},{v / 1000},{t / 2:.4f},0.1",
        header='"X[s]","Trigno EKG: EKG 1 [Volts]","X[s]","Trigno: ACC.X 1[g]"\n',
    ),
    "rate in the name": write_rows(lambda _, v: f"{1000 * v:.1f},1", header="ECG_250Hz [uV],resp\n"),
    "keys in blocks": write_rows(lambda _, v: f"{v}", header="[Header]\nSampleRate=250\nUnits=mV\n[Data]\nECG\n"),
    "names with line breaks": write_rows(lambda t, v: f"{t:.3f},{v}", header='"Time\n(s)","ECG\n(mV)"\n'),
    "names and units in comments": write_rows(
        lambda t, v: f"{t:.3f} {v}", header="# columns: time ecg\n# units: s mV\n"
    ),
    "Russian": write_rows(
        lambda t, v: f"{t:.3f};{v}",
        header="\u0412\u0440\u0435\u043c\u044f (\u0441);\u042d\u041a\u0413 (\u043c\u0412)\n",
    ),
    "Chinese": write_rows(lambda t, v: f"{t:.3f};{v}", header="\u65f6\u95f4(s);\u5fc3\u7535(mV)\n"),
    "separator": write_rows(lambda t, v: f"{t:.3f};{v}", header="sep=;\nTime;ECG (mV)\n"),
    "Polar": write_rows(
        lambda t, v: f"{clock(t // 0.3 * 0.3)};{599616000000000000 + round(t * 1e9)};{1000 * v:.1f}",
        header="Phone timestamp;sensor timestamp [ns];ecg [uV]\n",
    ),
    "Finapres": write_rows(
        lambda t, v: f"{t:.3f};{v};80;", header="sep=;\nFinapres\nDate;05-03-2024\nTime(s);ECG(mV);ReBP(mmHg);\n"
    ),
    "gain of a converter": write_rows(
        lambda _, v: f"{200 * v + 1024:.1f}", header="# Gain: 200 adu/mV\n# Baseline: 1024\n# fs: 250\necg (adu)\n"
    ),
    "step of a converter": write_rows(
        lambda _, v: f"{v / 0.0025:.3f};1", header="Resolution;2.5 \u00b5V/LSB\nSample Rate;250\nECG;Resp\n"
    ),
}  # fmt: skip
WITHOUT_A_UNIT = {
    "OpenBCI": write_rows(
        lambda t, v: f"{round(t * FS_HZ) % 256}.0, {v}, {1709631000 + t + 0.03 * (round(t * FS_HZ) % 5 == 0):.6f}, 0.0",
        header="%OpenBCI Raw EXG Data\n%Number of channels = 1\n%Sample Rate = 250 Hz\n"
        "Sample Index, ECG Channel 0, Timestamp, Other\n",
    ),
    "Empatica": write_rows(lambda _, v: f"{v}", header="1709631000.000000\n250.000000\n"),
    "NeXus": write_rows(
        lambda _, v: f"{v}\t1.0",
        header="Client:\tNobody\nDate:\t05-03-2024\nOutput rate:\t250\tSamples/sec.\n\nSensor-A:ECG\tSensor-B:EEG\n",
    ),
    "LSL": write_rows(lambda t, v: f"{12345.678 + t:.6f},{v},0", header="timestamps,ECG,Marker\n"),
    "Kubios": write_rows(lambda _, v: f"{v}", header="Kubios\nSampling interval (ms): 4\n\nECG\n"),
    "savetxt": write_rows(lambda t, v: f"{t:.18e} {v:.18e}", header="# time ecg\n"),
    "long comments": write_rows(
        lambda _, v: f"{v}",
        header="".join(f"# line {number}: remark {number}\n" for number in range(700))
        + "# sampling rate: 250 Hz\necg\n",
    ),
    "long remarks": write_rows(
        lambda _, v: f"{v},1",
        header="".join(f"Remark number {number}\n" for number in range(700)) + "Sampling rate: 250 Hz\necg,resp\n",
    ),
    "two rates": write_rows(
        lambda _, v: f"{v},1", header="# ECG sampling rate: 250 Hz\n# EDA sampling rate: 4 Hz\necg,eda\n"
    ),
    "Zephyr": write_rows(lambda t, v: f"{clock(t, pattern='%d/%m/%Y %H:%M:%S.')},{v}", header="Time,EcgWaveform\n"),
    "Hexoskin": write_rows(
        lambda t, v: f"{399541760000 + round(t * FS_HZ)},{v}", header="time [s/250],ECG_I [NA](/api/datatype/4113/)\n"
    ),
    "pages": write_rows(
        lambda t, v: ("Page 2\ntime,ecg\n" if t == 2 else "") + f"{t:.3f},{v}", header="Page 1\ntime,ecg\n"
    ),
    "footers of pages": write_rows(
        lambda t, v: f"{t:.3f},{v}" + ("\nPage 1 of 2\n\n" if t == 2 else ""), header="time,ecg\n"
    ),
    "rate in each row": write_rows(lambda _, v: f"7,{v},250", header="subject,ecg,Sampling rate (Hz)\n"),
    "write.table of R": write_rows(lambda t, v: f'"{round(t * FS_HZ) + 1}" {t:.3f} {v}', header='"time" "ecg"\n'),
    "write.table of R with semicolons": write_rows(
        lambda t, v: f'"{round(t * FS_HZ) + 1}";{t:.3f};{v}', header='"time";"ecg"\n'
    ),
    "write.csv of R": write_rows(lambda t, v: f'"{round(t * FS_HZ) + 1}",{t:.3f},{v}', header='"","time","ecg"\n'),
    "names again": write_rows(lambda t, v: ("time,ecg\n" if t == 2 else "") + f"{t:.3f},{v}", header="time,ecg\n"),
}


@pytest.mark.parametrize("device", EXPORTS)
def test_an_export_is_read_with_rate_and_unit(tmp_path: Path, device: str) -> None:
    reading = check_text(tmp_path, EXPORTS[device])
    assert reading.signal.unit == (None if device.startswith("OpenSignals") else "mV")


@pytest.mark.parametrize("device", WITHOUT_A_UNIT)
def test_an_export_without_a_unit_is_read_with_its_rate(tmp_path: Path, device: str) -> None:
    assert check_text(tmp_path, WITHOUT_A_UNIT[device]).signal.unit is None


def test_a_column_of_an_export_has_its_own_name_too(tmp_path: Path) -> None:
    assert read_text(tmp_path, open_signals()).channel == "A2"
    check_text(tmp_path, open_signals(), column="A2")
    check_text(tmp_path, open_signals(), column="3")


@pytest.mark.parametrize(
    ("line", "rate_hz"),
    [
        ("# Sampling Rate (Hz):= 1000.00", 1000.0),
        ("Sampling frequency: 0.25 kHz", 250.0),
        ("Sampling Rate: 1,000 Hz", 1000.0),
        ("Sampling Rate: 1.000,00 Hz", 1000.0),
        ("Samples per second: 300", 300.0),
        ("Sample Rate,512 hertz", 512.0),
        ("Frecuencia de muestreo,512 hercios", 512.0),
        ("Fr\u00e9quence d\u2019\u00e9chantillonnage : 512 Hz", 512.0),
        ("Abtastrate [Hz]: 500", 500.0),
        ("Output rate:\t256\tSamples/sec.", 256.0),
        ("0.5 msec/sample", 2000.0),
        ("Interval=\t0,004 s", 250.0),
        ("Sampling interval: 4", 250.0),
        ("dt = 0.002", 500.0),
        ("Sampling rate: 4 ms", 250.0),
        ("fs=250, unit=mV, lead=II", 250.0),
        ("Recorded at a sampling rate of 250 Hz by nobody", 250.0),
        ("f_s = 250", 250.0),
        ("ecg_fs=250", 250.0),
        ("fs_ecg: 250", 250.0),
        ("Frequency (Hz): 250", 250.0),
        ("time between samples: 4 ms", 250.0),
        ("Sample time 0.004 s", 250.0),
        ("TimeStep=0.004", 250.0),
        ("Sample period: 4000 us", 250.0),
        ("\u91c7\u6837\u7387: 250", 250.0),
        ("\u91c7\u6837\u9891\u7387\uff1a250Hz", 250.0),
        ("\u30b5\u30f3\u30d7\u30ea\u30f3\u30b0\u5468\u6ce2\u6570 250Hz", 250.0),
        (
            f"{DISCRETISATION}: 250 \u0413\u0446",
            250.0,
        ),
        ("Frequency: 50 Hz", None),
        ("Low pass filter: 100 Hz", None),
        ("Mains frequency: 60 Hz", None),
        ("Notch: 50 Hz", None),
        ("Heart rate: 72 bpm", None),
        ("Frame rate: 100 Hz", None),
        ("Date: 2024-03-05 09:30", None),
        ("Sampling rate: unknown", None),
    ],
)
def test_a_rate_is_found_however_it_is_stated(line: str, rate_hz: float | None) -> None:
    found = find_rate(line.lstrip("# "))
    assert found is None if rate_hz is None else found == pytest.approx(rate_hz)


def test_channels_named_by_numbers_have_names(tmp_path: Path) -> None:
    check_text(tmp_path, write_rows(lambda t, v: f"{t:.3f},0,{v}", header="time,1,2\n"), column="2")


def test_several_rates_without_a_name_are_refused(tmp_path: Path) -> None:
    text = write_rows(lambda _, v: f"{v}", header="# sampling rate: 250 Hz\n# sampling rate: 500 Hz\necg\n")
    with pytest.raises(DataError, match=r"several sampling rates \(250, 500 Hz\); give that of the ECG \(fs_hz\)"):
        read_text(tmp_path, text)


@pytest.mark.parametrize("restart", [False, True])
def test_blocks_of_two_rates_are_refused(tmp_path: Path, restart: bool) -> None:
    """By what the heads of the blocks state, and by the times alone."""
    second = LABCHART.replace("0.004", "0.002")
    rows = [f"{number / FS_HZ:.3f}\t{value}\t1" for number, value in enumerate(ECG_MV[:500])]
    rows += [f"{number / 500 + (0 if restart else 9):.3f}\t{value}\t1" for number, value in enumerate(ECG_MV[500:])]
    with pytest.raises(DataError, match="has blocks at 250 and at 500 Hz, and an ECG has one rate; export each block"):
        read_text(tmp_path, LABCHART + "\n".join([*rows[:500], *second.strip().split("\n"), *rows[500:]]) + "\n")
    with pytest.raises(DataError, match="time stamps of 500 Hz, and of 250 Hz from sample 1 on"):
        read_text(tmp_path, "time\tecg\tresp\n" + "\n".join([*rows[:250], *rows[500:]]) + "\n")


def test_a_gain_without_a_unit_is_not_used(tmp_path: Path) -> None:
    reading = check_text(tmp_path, write_rows(lambda _, v: f"{v}", header="# Gain: 200\n# fs: 250\necg\n"))
    assert reading.signal.unit is None


def test_a_first_row_with_a_missing_value_is_a_row(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: f"{t:.3f},{v if t else ''},1", header="time,ecg,resp\n")
    samples = read_text(tmp_path, text).signal.samples
    assert len(samples) == N_ROWS
    np.testing.assert_array_equal(samples[1:], ECG_MV[1:])


def test_hostile_json_ends_soon() -> None:
    for text in ("{" * 1000, '{"a": ' * 5000 + "1" + "}" * 5000, '{"fs": 1e999}', '{"sampling rate": {}}'):
        assert read_header([text]).rates == ()
    assert read_header(["{", "}}", "}"] * 2000).rates == ()


BELOW = {
    "alone": ("Sampling Rate\n{0}\n", 250.0),
    "unit in the name": ("Sampling Rate (Hz)\n\n{0}\n", 250.0),
    "unit behind": ("Sampling frequency:\n{0} Hz\n", 250.0),
    "interval": ("Sample interval (ms)\n4\n", 250.0),
    "comments": ("# Fs\n# {0}\n", 250.0),
    "quoted": ('"Sampling Rate"\n"{0}"\n', 250.0),
    "beside others": ("Subject;Sampling Rate;Device\n7;{0};Bio\n", 250.0),
    "beside numbers": ("Subject;Sampling Rate\n7;{0}\n", 250.0),
    "behind another rate": ("Heart Rate\n72\nSampling Rate\n{0}\n", 250.0),
}


# above a single column, the number of another name may be its first sample
@pytest.mark.parametrize(
    ("kind", "names"),
    [(kind, names) for kind in BELOW for names in ("ecg;resp", "ECG", "") if ";" in names or "another" not in kind],
)
def test_a_number_in_the_line_below_its_name_is_the_rate(tmp_path: Path, kind: str, names: str) -> None:
    head, rate_hz = BELOW[kind]
    cells = ";7" if ";" in names else ""
    rows = [f"{value:.4f}{cells}" for value in ECG_MV]
    path = tmp_path / "x.csv"
    path.write_text(head.format("250") + "\n".join([*([names] if names else []), *rows, ""]))
    found = read_ecg(path)
    assert found.fs_hz == pytest.approx(rate_hz)
    np.testing.assert_allclose(found.samples, np.round(ECG_MV, 4), atol=1e-9)


@pytest.mark.parametrize(
    "lines",
    [("Heart Rate", "72"), ("The sampling rate is given in the protocol of the day", "7"), ("Filter", "100 Hz")],
)
def test_a_number_below_another_name_is_no_rate(lines: tuple[str, str]) -> None:
    assert find_rate_below(*lines) is None
