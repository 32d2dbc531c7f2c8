"""The report of a run: `report.json` is the evidence, and every other file is rendered from it.

assemble    the evidence of one run, from its observations
kept        the answers that have a golden, beside the report
folder      the report as files: report.json, junit.xml, summary.md, report.html, detections.gif
signing     the evidence signed, by the project's key or this machine's
html, junit, markdown, terminal     one rendering each, with the words of `texts` and the bars of `waterfall`
drawing/    detections drawn on frames, and the animation

The package owns rendering. It judges nothing (the verdict comes with the report) and runs nothing.
"""
