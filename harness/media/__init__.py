"""Clips as the harness reads them, independently of the handler."""
