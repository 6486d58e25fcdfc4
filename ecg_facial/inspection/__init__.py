"""One ECG file looked at: its beats, heart rate and quality, as tables and as a strip on ECG paper."""
