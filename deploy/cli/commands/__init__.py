"""Holds the commands of `deploy`, each in the file of its name; the file's docstring is the command's help.

`prepare` makes and judges what is promoted, `promotion` changes what runs, `endpoint` inspects and uses what runs.
"""
