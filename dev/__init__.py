"""What developing needs and running does not: servers, demo, set-up. Never shipped in the wheel."""
