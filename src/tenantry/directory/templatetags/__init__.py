"""Template tags of the directory domain."""
