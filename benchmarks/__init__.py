"""Benchmarks of the worker against handwritten alternatives: `make bench`."""
