"""Windows of a whole data set, made once and kept on disk.

Enters: an index and window settings. Leaves: a folder that opens as `PreparedData`::

    OUT/<first 16 digits of the key>/crops-00000.npy         uint8 (n_trials, n_frames, crop_px, crop_px, 3), RGB
    OUT/<first 16 digits of the key>/windows-00000.parquet   everything else of the same trials
    OUT/<first 16 digits of the key>/prepared.json           written last

The key is a hash of the data's fingerprint, the chosen levels, the settings, the detector's networks and the version of
the preprocessing: other data or settings never meet an old folder. Every file is written whole or not at all, so that a
killed run goes on where it was and ends with the same bytes.
"""

from ecg_facial.prepared.altering import AlteredData
from ecg_facial.prepared.data import PreparedData, open_prepared
from ecg_facial.prepared.joining import JoinedData, join_prepared
from ecg_facial.prepared.making import describe_key, estimate_disk_bytes, prepare
from ecg_facial.prepared.shards import PREPARED_FILE, TRIALS_A_SHARD

__all__ = [
    "PREPARED_FILE",
    "TRIALS_A_SHARD",
    "AlteredData",
    "JoinedData",
    "PreparedData",
    "describe_key",
    "estimate_disk_bytes",
    "join_prepared",
    "open_prepared",
    "prepare",
]
