"""`harness bench`: settings are swept through the real serving stack on the user's clip, and one of them recommended.

points      which settings are tried: batch size x precision x frame size x concurrency
measuring   one point: deploy, warm up, repeat until stable, read times and memory
stability   when repeated numbers may be believed; how likely what was seen k times in n is
store       measured points on disk, so that a sweep can be taken up again
choosing    the recommended point under the user's constraints, and what its frames cost
bounds      what keeps that point from being faster
sweep       the flow of one run
writing     bench.json, report.html, summary.md, a pytest-benchmark file, report.json for the gates
compare     two bench.json against each other, with limits
"""
