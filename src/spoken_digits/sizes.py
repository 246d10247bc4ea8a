"""One second of sound at 16 kHz and its picture: how many samples, how many pixels."""

SAMPLE_RATE = 16_000
"""Samples a second at which pictures are taken, Hz."""
SIZE = 100
"""Pixels a side: mel bands, and frames."""
HOP = 160
"""Hop length, samples: 10 ms."""
SECOND = SIZE * HOP
"""Samples in a picture."""
