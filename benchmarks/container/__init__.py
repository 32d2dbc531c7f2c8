"""The suites inside a serving image.

`suites` says which there are, `boxed` runs the container, `inside` is what runs in it, and `borrowed` names the
packages that it is lent.
"""
