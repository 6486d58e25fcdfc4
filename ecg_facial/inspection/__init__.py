"""Analysis of one ECG file: beats, heart rate and quality, as tables and as a strip on ECG paper."""
