"""How the candidate was made and measured: see README.md."""
