"""The network and its file, how it hears two vocal tracts, and reproducible arithmetic."""
