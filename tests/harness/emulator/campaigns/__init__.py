"""Campaigns against a whole emulator: kills at random moments, and load."""
