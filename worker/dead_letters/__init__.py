"""What operators do with dead letters, free of terminal and browser: see `dead_letters.py`."""
