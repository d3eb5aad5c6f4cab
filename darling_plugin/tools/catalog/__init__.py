"""`darling list`: the similarities, objectives, recipes and evaluation tasks that are installed.

entries.py  what there is, one line each
cli.py      the command
"""
