"""Prompts in a script that the shipped classifier can't read are said before the job starts."""

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from darling_plugin.tools.check.checks.scripts import read_prompts, unreadable_share

THAI, ENGLISH = "ฉันดื่มกาแฟทุกเช้า", "I drink coffee every morning."


@pytest.mark.parametrize("name", ["data.parquet", "data.jsonl"])
def test_prompts_are_read_from_what_verl_reads(tmp_path, name):
    rows = [{"prompt": [{"role": "user", "content": text}]} for text in (THAI, ENGLISH)]
    file = tmp_path / name
    if name.endswith("parquet"):
        parquet.write_table(pa.Table.from_pylist(rows), file)
    else:
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_prompts(file, "prompt") == [THAI, ENGLISH]
    assert read_prompts(file, "question") == []


def test_a_file_that_is_not_here_has_no_prompts(tmp_path):
    assert read_prompts(tmp_path / "none.parquet", "prompt") == []


def test_the_share_of_unreadable_prompts():
    assert unreadable_share([THAI, ENGLISH, ENGLISH, ENGLISH]) == 0.25
    assert unreadable_share([]) == 0
