"""Faults, tried on real servers under load; the tests run them short, `python -m chaos` long."""
