"""What runs in the container: pytest, from the lent packages, on the image's own interpreter.

`python -m benchmarks.inside PYTEST_ARGUMENTS`. The lent packages go to the end of the path, where they cover nothing.
"""

from __future__ import annotations

import sys

REPOSITORY = "/repository"
INPUTS = f"{REPOSITORY}/.benchmarks/inputs"
LENT = "/lent"
RESULTS = "/results"
SCRATCH = "/scratch"


def main(arguments: list[str]) -> int:
    sys.path.append(LENT)
    import pytest  # from the path above

    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
