"""Data sets: what is there, what of it can be used, and what cannot, by name.

Input: a folder in one of the layouts below, or a manifest. Output: trials with their files, rest recordings beside
them, and problems. Signals are read later, by `prepare`. Each reader has a card: source, access, what is needed.

==========  ==================================================================
reader      layout
==========  ==================================================================
biovid      BioVid Heat Pain Database, Part A; simulated cohorts
original    the original project's frame folders and ECG tables
pmed        PainMonit Experimental Dataset: heat, ECG alone
unbc        UNBC-McMaster: faces alone; levels by an observer, not a stimulus
manifest    anybody's files, described by ``manifest.csv``
==========  ==================================================================
"""
