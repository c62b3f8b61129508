"""Measurements: each `bench_*.py` states a figure, what it is compared with, and the bar it must hold."""
