"""What was created, as rows of one SQLite file (`store`). The `catalog` reads and writes the rows.

An endpoint's row holds its `deployment` and, during an update, its `update_plan`. The `spool` beside the file holds the
bodies of unfinished jobs.
"""
