"""Recordings and pictures by row: split into subsets, checked, loaded."""
