from pathlib import Path

RESULTS = Path(__file__).parent / "results"
"""The folder with the figures and the chart of the last run."""
