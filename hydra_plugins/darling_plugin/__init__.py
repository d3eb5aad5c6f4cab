"""Hydra finds plugins in this namespace: this one makes `+darling=NAME` find a file in `configs/darling`."""
