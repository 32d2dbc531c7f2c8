"""The workflow that rehearses a project on GitHub, as text. It fetches nothing that the project does not need."""

from __future__ import annotations

PATH = ".github/workflows/rehearse.yml"


def workflow(commands: tuple[str, ...]) -> str:
    """`commands` run in the project's folder, in this order; the last one writes the report."""
    steps = "\n".join(f"      - run: {command}" for command in commands)
    return f"""name: rehearse
on:
  push: {{ branches: [main] }}
  pull_request:
permissions: {{ contents: read }}
jobs:
  rehearse:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{ python-version: "3.12" }}
      - run: pip install sagemaker-rehearsal
{steps}
      - if: always()
        run: cat rehearsal-report/summary.md >> "$GITHUB_STEP_SUMMARY"
      - if: always()
        uses: actions/upload-artifact@v4
        with: {{ name: rehearsal-report, path: rehearsal-report }}
"""
