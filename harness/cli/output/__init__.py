"""What people and programs see: `printing` writes results and errors, `addresses` says where a local AWS answers."""

from harness.cli.output.printing import print_error, print_result

__all__ = ["print_error", "print_result"]
