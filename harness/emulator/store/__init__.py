"""What was created, as rows of one SQLite file (`store`). The `catalog` reads and writes the rows.

An endpoint's row holds its `deployment` and, during an update, its `update_plan`. The `spool` beside the file holds the
bodies of unfinished jobs. What this machine cannot store (`trouble`) is tried again with `patience`; what the emulator
writes while it works goes through a `disk`, which tests make fail.
"""
