"""A candidate for the next shipped similarity; README.md is the map. The package does not use it yet."""
