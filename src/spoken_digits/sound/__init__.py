"""A waveform: read from a file, resampled, fitted to one second."""
