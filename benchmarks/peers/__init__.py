"""Handwritten alternatives to this worker, in the usual style of each library, and one in C.

All do the same work on the same tables: record the id, create or price the car, acknowledge. None
has the worker's retries, dead letters, isolation or recovery.
"""
