"""How the shipped classifier is made and measured: see README.md."""
