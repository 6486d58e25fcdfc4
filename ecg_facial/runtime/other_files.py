"""Files that are no tables: what they are, and what to do with them.

Input: the first bytes of a file. Output: its kind and the remedy in words, or None. Reads nothing.
"""

from __future__ import annotations

import re

_HEAD = 512
_AS_TABLE, _UNPACK = "export the table as CSV", "an archive; unpack it first"
# place and bytes of a mark
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "a workbook (.xlsx) or an archive; save the sheet as CSV, or unpack it"),
    (0, b"\xd0\xcf\x11\xe0", "an old workbook (.xls); save the sheet as CSV"),
    (0, b"\x1f\x8b", "a compressed file; unpack it first (gunzip)"),
    (0, b"BZh", "a compressed file; unpack it first (bunzip2)"),
    (0, b"\xfd7zXZ", "a compressed file; unpack it first (unxz)"),
    (0, b"\x28\xb5\x2f\xfd", "a compressed file; unpack it first (unzstd)"),
    (0, b"Rar!\x1a\x07", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", _UNPACK),
    (257, b"ustar", _UNPACK),
    (0, b"%PDF", f"a PDF document; {_AS_TABLE}"),
    (0, b"PAR1", "a Parquet file; save it as CSV"),
    (0, b"ARROW1", "a Feather (Arrow) file; save it as CSV"),
    (0, b"Obj\x01", "an Avro file; convert it to CSV"),
    (0, b"\x89HDF", f"an HDF5 file; {_AS_TABLE}"),
    (0, b"SQLite format 3", f"a database (SQLite); {_AS_TABLE}"),
    (0, b"$FL2", "an SPSS file (.sav); save it as CSV"),
    (0, b"$FL3", "an SPSS file (.zsav); save it as CSV"),
    (0, b"RDX3\n", "a file of R; write it with write.csv"),
    *(
        (0, b"\x80" + bytes([version]), "a pickle of Python, which is never unpacked; save the table as CSV")
        for version in (2, 3, 4, 5)
    ),
    (0, b"ISHNE1.0", "an ISHNE Holter file; convert it to WFDB or EDF, or export it as CSV"),
    (128, b"DICM", "a DICOM file; convert its waveform to WFDB or EDF, or export it as CSV"),
    (16, b"SCPECG", "an SCP-ECG file; convert it to WFDB or EDF, or export it as CSV"),
    (0, b"GDF 2.", "a GDF file; convert it to EDF (save2gdf of BioSig)"),
    (0, b"CFWB", "a binary file of LabChart (.adibin); export it as text or MATLAB"),
    (2, b"(C) CED 87", "a file of Spike2 (.smr); export it as text or MATLAB"),
    (0, b"CEDFILE", "a file of CED Signal; export it as text or MATLAB"),
    (0, b"RIFF", "a sound or video file (WAV, AVI); convert an ECG in it to CSV, WFDB or EDF"),
    (4, b"ftyp", "a video, and no table"),
    (0, b"\x1aE\xdf\xa3", "a video, and no table"),
    (0, b"\x89PNG", "a picture; give the numbers as CSV"),
    (0, b"\xff\xd8\xff", "a picture; give the numbers as CSV"),
    (0, b"GIF8", "a picture; give the numbers as CSV"),
    (0, b"II*\x00", "a picture; give the numbers as CSV"),
    (0, b"Brain Vision Data Exchange", "a header of BrainVision; convert the recording to EDF"),
)
_POINTERS = (
    (re.compile(rb"version https://git-lfs"), "a pointer of Git LFS in place of the file; fetch it (git lfs pull)"),
    (
        re.compile(rb"(?:[./]*\.git)?/annex/objects/"),
        "a pointer of git-annex in place of the file; fetch it (git annex get)",
    ),
)
# most texts are known by their first byte to be none of these; marks in other places stand behind NUL bytes
_FIRST, _N_FIRST = frozenset(mark[:1] for at, mark, _ in _MARKS if not at), 200
_XML = re.compile(rb"<(?:\?xml|!doctype|html|annotatedecg|restingecg|cardiology|svg)\b", re.IGNORECASE)
_AS_ECG = "export its samples as CSV, or convert it to WFDB or EDF"
_XML_KINDS = (
    (re.compile(rb"<!doctype html|<html", re.IGNORECASE), f"a page of the web (HTML); {_AS_TABLE}"),
    (re.compile(rb"annotatedecg|hl7-org", re.IGNORECASE), f"an HL7 aECG (XML); {_AS_ECG}"),
    (re.compile(rb"restingecg|musei", re.IGNORECASE), f"an ECG of GE MUSE (XML); {_AS_ECG}"),
    (re.compile(rb"ms-excel|spreadsheet", re.IGNORECASE), "a workbook as XML; save the sheet as CSV"),
)
_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\"]|\[\s*-?\d)")


def name_other_file(head: bytes) -> str | None:
    """Name the kind of a file that is no table, with the remedy; None where its first bytes do not tell.

    Examples
    --------
    >>> name_other_file(b"%PDF-1.7"), name_other_file(b"time,ecg")
    ('a PDF document; export the table as CSV', None)
    """
    found = None
    if head[:1] in _FIRST or b"\0" in head[:_N_FIRST]:
        found = next((what for at, mark, what in _MARKS if head[at : at + len(mark)] == mark), None)
    found = found or name_pointer(head)
    if found is not None:
        return found
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not _XML.match(start):
        return None
    return next((what for kind, what in _XML_KINDS if kind.search(start)), f"an XML document; {_AS_TABLE}")


def name_pointer(head: bytes) -> str | None:
    """Name the pointer that a store of large files leaves in place of a file of any kind, with the remedy.

    Examples
    --------
    >>> name_pointer(b"/annex/objects/SHA256E-s100--ab.mp4")
    'a pointer of git-annex in place of the file; fetch it (git annex get)'
    """
    return next((what for mark, what in _POINTERS if mark.match(head)), None)


def is_web_page(head: bytes) -> bool:
    """Tell whether a file is a page of the web, as of a download without signing in."""
    return _XML_KINDS[0][0].search(head[:_HEAD]) is not None


def looks_like_json(head: bytes) -> bool:
    """Tell whether a text begins like JSON; a table may have JSON above its rows."""
    return bool(_JSON.match(head.removeprefix(b"\xef\xbb\xbf")))
