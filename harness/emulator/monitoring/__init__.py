"""Measures at intervals: `sampling` the backlogs, `utilisation` the instances; `publishing` sends the data."""
