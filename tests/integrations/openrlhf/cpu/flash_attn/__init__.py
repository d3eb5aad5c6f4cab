"""Stands in for flash-attn, which needs CUDA: the names that OpenRLHF 0.11.2 imports, and cannot use on a CPU."""
