"""Streams of the record: every sealed event goes to a webhook or a syslog server, in order and at least once."""
