"""A waveform becomes a picture: the mel spectrogram, shards of them, the contact sheet."""
