"""Windows of a whole data set, made once and kept on disk.

Input: an index and window settings. Output: a folder that opens as prepared data::

    OUT/<first 16 digits of the key>/crops-00000.npy         uint8 (n_trials, n_frames, crop_px, crop_px, 3), RGB
    OUT/<first 16 digits of the key>/windows-00000.parquet   everything else of the same trials
    OUT/<first 16 digits of the key>/prepared.json           written last

The key is a hash of the data's fingerprint, the chosen levels, the settings, the detector's networks and the version of
the preprocessing: other data or settings never meet an old folder. Every file is complete or absent, so that a killed
run continues where it stopped and ends with the same bytes.

`contract` says what prepared data are, `making.prepare` makes them, `stored.open_prepared` opens them; this module
imports none of them, so that settings and contract stay light.
"""
