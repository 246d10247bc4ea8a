"""Fitting the network: the loop, and how pictures are augmented for it."""
