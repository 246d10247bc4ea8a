"""The network, its file, and the mean of its answers for two lengths of the vocal tract."""
