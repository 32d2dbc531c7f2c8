"""The report: `report.json` is the truth, everything else here is a picture of it.

assemble    the evidence of one run, from what was observed
folder      the report as files: report.json, junit.xml, summary.md, report.html, detections.gif
html, junit, markdown, terminal     one rendering each, with the words of `texts` and the bars of `waterfall`
drawing/    detections drawn on frames, and the animation

Owns rendering; judges nothing (the verdict comes with the report) and runs nothing.
"""
