"""Colleagues: invitations, roles, teams, and the end of an account."""
