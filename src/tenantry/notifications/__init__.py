"""Alerts: what changed in a connection, told once by mail and webhook, and shown until it is over."""
