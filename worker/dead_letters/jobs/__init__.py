"""Replays and discards: created by anybody, run by whichever process can, followed by anybody."""
