"""What a benchmark says.

choosing    the recommended point under the user's constraints, and what its frames cost
bounds      what keeps that point from being faster
charts      points as bars, spans and ticks
writing     bench.json, report.html, summary.md, a pytest-benchmark file, report.json for the gates
compare     two bench.json against each other, with limits
"""
