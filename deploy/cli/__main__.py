"""Runs the console script `deploy` as `python -m deploy.cli`."""

from deploy.cli.main import main

main()
