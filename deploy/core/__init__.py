"""Holds the primitives that every other room uses: imports nothing else of deploy; the harness uses it too.

`errors` is the tree of errors, `waiting` the clock and the deadline, `files` writes files whole, `digests` hashes them,
`redaction` removes secrets, `settings` reads the environment variables, `project_file` and `state` name the project's
file and folder, `header_text` is how HTTP headers carry text, `tables` reads the dated tables in data/,
`golden_files` names the files of recorded answers.
"""
