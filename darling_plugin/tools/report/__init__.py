"""`darling report`: run folders in, one HTML page out, which needs no network and runs no text of the model.

    cli.py       the command
    runs.py      what a run is here: its steps, its evaluation, its groups
    read.py      from a folder to a run; its parts: metrics.py (steps), results.py (evaluation), groups.py (sampled
                 groups), trl.py (what TRL writes); `json_lines.py` reads the files
    about.py     when a run was written, and by which command
    health.py    whether a run looks healthy, by simple rules
    limits.py    axes that a few extreme values do not flatten
    curves.py    from steps to curves, the quality-diversity plane, pass@k, the split of a step's time
    document.py  from runs to one JSON-able dictionary: all that the page, the figures and `--json` show
    page.py      from the document to HTML; page.html, page.css and the three .js files are its templates
    figures.py   from the document to PNG

A new curve is a line in `curves.CURVES`. A new kind of chart: its numbers in `document.py`, its drawing in `charts.js`
and `figures.py`.
"""
