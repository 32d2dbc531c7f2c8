"""`python -m harness.cli` is the console script `harness`."""

from harness.cli.main import main

main()
