"""`darling partition FILE`: the classes of a user's own responses, as a table or as JSON lines.

read.py     responses from a file or standard input
classes.py  from responses to classes, diversity and, on request, P of each pair and what decided it
what_is_read.py     how much of each response a similarity reads
show.py     the table
cli.py      the command
"""
