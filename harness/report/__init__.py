"""The report: `report.json` is the truth, everything else here is a picture of it.

    Report + CasePictures -> write_all() -> report.json, junit.xml, summary.md, report.html, detections.gif
                          -> terminal.show()

Owns rendering; judges nothing (the verdict comes with the report) and runs nothing.
"""
