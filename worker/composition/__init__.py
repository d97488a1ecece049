"""The composition root: creates all parts of the worker and wires them together.

`worker.py` runs it, `consumer.py` joins what handles messages, `background.py` what runs beside.
"""
