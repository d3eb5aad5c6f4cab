"""Writes the table of docs/check.md from tests/tools/check/test_check_broken_jobs.py: broken jobs and their errors.

python scripts/write_check_doc.py        rewrites the text between the two marks; takes a minute
"""

from __future__ import annotations

import logging
import shlex
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "check.md"
BEGIN, END = "<!-- broken jobs: begin -->\n", "<!-- broken jobs: end -->\n"


def rows() -> list[str]:
    from test_check_broken_jobs import APART, BROKEN, ONE, WRONG_OVERRIDES

    from darling_plugin.errors import ConfigError
    from darling_plugin.tools.check.job import Cluster
    from darling_plugin.tools.check.run import check_job

    made = []
    for job, override, key, _ in BROKEN:
        cluster = {APART: Cluster(8, 8), ONE: Cluster(1, 1)}.get(job, Cluster(1, 8))
        said = check_job([job, override], cluster, offline=True).of("error")
        first = next(finding for finding in said if finding.key == key)
        made.append(row(job, override, first.text))
    for override, _ in WRONG_OVERRIDES:
        try:
            check_job([override])
        except ConfigError as error:
            made.append(row("", override, str(error)))
    return made


def row(job: str, override: str, said: str) -> str:
    words = " ".join(quoted(word) for word in (job, override) if word)
    said = " ".join(said.replace(str(ROOT), "CHECKOUT").split()).replace("|", chr(92) + "|")
    return f"| `{words}` | {said} |\n"


def quoted(override: str) -> str:
    """As a shell takes it; in double quotes, as everywhere in the documentation, where these do."""
    word = shlex.quote(override)
    return f'"{override}"' if word != override and not set(override) & set('"$`\\!') else word


def main() -> None:
    sys.path.append(str(ROOT / "tests" / "tools" / "check"))
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    import verl.trainer.ppo.v1  # noqa: F401

    table = "| job | what `darling check` says |\n| --- | --- |\n" + "".join(rows())
    before, rest = DOCUMENT.read_text().split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + table + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
