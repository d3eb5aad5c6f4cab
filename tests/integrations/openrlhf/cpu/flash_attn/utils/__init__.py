"""Imported by openrlhf/models/ring_attn_utils.py."""
