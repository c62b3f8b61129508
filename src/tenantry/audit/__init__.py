"""The record: append-only events, written before the effect."""
