"""Development tools: servers, demo, set-up. Not part of the wheel."""
