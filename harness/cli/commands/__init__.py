"""The commands of `harness`, one file each, named like the command; a file's docstring is its command's help.

A command with commands of its own (bench, check, image) is a folder.
"""
