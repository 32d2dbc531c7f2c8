"""What people and programs read on stdout and stderr.

printing    results and errors
addresses   the addresses of a running local AWS
benchmark   a benchmark
golden      goldens, recorded, checked and shown
image       a container image
init        a new project
summary     the summary of a run where CI shows it
"""

from harness.cli.output.printing import print_error, print_result

__all__ = ["print_error", "print_result"]
