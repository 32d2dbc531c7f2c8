"""Judgements on answers and artifacts. A check returns findings; without an error among them it has passed."""
