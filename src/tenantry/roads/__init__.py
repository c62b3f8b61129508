"""Walking a road to a role for the technician: what would change, and changing it in an administrator's name."""
