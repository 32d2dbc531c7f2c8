"""The commands of `deploy`, one file each, named like the command; a file's docstring is its command's help.

`prepare` makes and judges what is promoted, `promotion` changes what runs, `endpoint` looks at what runs and uses it.
"""
