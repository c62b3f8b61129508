"""Tenants of customers and our connection to each: consent, role path, propagation, health."""
