"""`python -m deploy.cli` is the console script `deploy`."""

from deploy.cli.main import main

main()
