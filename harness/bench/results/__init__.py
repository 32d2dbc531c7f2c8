"""The results of a benchmark.

choosing    the recommended point under the user's constraints, and the price of its frames, items or requests
bounds      the stage that keeps that point from being faster
charts      points as bars, spans and ticks
columns     the columns of a table of points, and of prices: those that hold something
writing     bench.json, report.html, summary.md, a pytest-benchmark file, report.json for the gates
junit       junit.xml for CI
compare     the differences of two bench.json, with limits
"""
