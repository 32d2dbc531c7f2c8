"""The flow of `harness validate` (`validate`), how an outcome becomes a case of the evidence (`judging`), and the
parity check.
"""
