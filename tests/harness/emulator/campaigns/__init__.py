"""Campaigns against a whole emulator: kills at random times, and load."""
