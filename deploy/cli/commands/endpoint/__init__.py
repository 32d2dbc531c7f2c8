"""What runs: its state, requests, logs, releases, and whether it is still what was promoted."""
