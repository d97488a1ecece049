from pathlib import Path

RESULTS = Path(__file__).parent / "results"
"""Where the figures and the chart of the last run stand."""
