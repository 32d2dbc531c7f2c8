"""The commands of `harness`. Each is a file of its name, and the file's docstring is the command's help.

A command that has commands of its own (bench, check, image) is a folder.
"""
