"""Template tags of the technicians' pages."""
