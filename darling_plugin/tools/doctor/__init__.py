"""`darling doctor`: what is installed, whether verl finds the plugin, and how to fix what is wrong.

checks.py    the checks, one function each
cli.py       the command
"""
