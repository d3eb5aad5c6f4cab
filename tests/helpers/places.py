"""Where things are, whatever folder a test is in."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
"""Real data and recorded vectors, outside the repository: what reads it is skipped where it is absent."""
