"""Measurements, never tests: each prints what it measured and on what."""
