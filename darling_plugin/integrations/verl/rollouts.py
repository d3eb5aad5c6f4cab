"""A training batch in TransferQueue as plain texts and numbers.

Keys of a batch are `{uid}_{session}_{index}`: a session is one sampled response to a prompt; an agent loop may write
several outputs for it, and the one with the highest index is final. Padding rows (`is_padding` in the tag) only make
the batch divisible: they are in no group.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import transfer_queue as tq


@dataclass(frozen=True)
class Sessions:
    """Which rows of a batch form one session.

    final_row: (sessions,) row of each session's last output. session_of_row: (rows,) session of each row.
    """

    final_row: np.ndarray
    session_of_row: np.ndarray


@dataclass(frozen=True)
class BatchRows:
    """The final responses of a batch, without padding: `row[i]` is the row of response i in the batch.

    responses: texts. uid: the group of each. quality: (responses,), the sum of its token scores.
    """

    row: np.ndarray
    responses: list[str]
    uid: np.ndarray
    quality: np.ndarray
    sessions: Sessions

    def __len__(self) -> int:
        return len(self.responses)

    def by_session(self, values: np.ndarray) -> np.ndarray:
        """One value per response -> one per session of the batch, (sessions,); padding gets 0."""
        spread = np.zeros(len(self.sessions.final_row))
        spread[self.sessions.session_of_row[self.row]] = values
        return spread


def find_sessions(keys: list[str]) -> Sessions:
    """Group the rows of a batch by session; a key of another form is a session of its own."""
    session_number: dict[str, int] = {}
    final_row: list[int] = []
    final_index: list[int] = []
    session_of_row = np.empty(len(keys), dtype=np.int64)
    for row, key in enumerate(keys):
        parts = key.rsplit("_", 2)
        name, index = (f"{parts[0]}_{parts[1]}", int(parts[2])) if len(parts) == 3 else (key, 0)
        session = session_number.setdefault(name, len(session_number))
        if session == len(final_row):
            final_row.append(row)
            final_index.append(index)
        elif index > final_index[session]:
            final_row[session], final_index[session] = row, index
        session_of_row[row] = session
    return Sessions(np.asarray(final_row, dtype=np.int64), session_of_row)


def read_rows(batch: Any, tokenizer: Any) -> BatchRows:
    """Fetch what every objective needs of `batch` (a KVBatchMeta) and decode the responses."""
    data = tq.kv_batch_get(
        keys=batch.keys,
        partition_id=batch.partition_id,
        select_fields=["uid", "responses", "response_mask", "rm_scores"],
    )
    sessions = find_sessions(batch.keys)
    row = np.asarray([r for r in sessions.final_row if not batch.tags[r].get("is_padding", False)], dtype=np.int64)
    uid_of_row = list(data["uid"])  # a LinkedList in TransferQueue 0.1.11: it has no tolist()
    # What a tool wrote (mask 0) is not the policy's: it must not make a response look diverse.
    masks = zip(data["responses"].unbind(), data["response_mask"].unbind(), strict=True)
    token_ids = [ids[mask.bool()] for ids, mask in masks]
    scores = data["rm_scores"].unbind()
    uid = np.empty(len(row), dtype=object)
    uid[:] = [uid_of_row[r] for r in row]
    return BatchRows(
        row=row,
        responses=tokenizer.batch_decode([token_ids[r] for r in row], skip_special_tokens=True),
        uid=uid,
        quality=np.asarray([float(scores[r].sum()) for r in row], dtype=np.float64),
        sessions=sessions,
    )


def read_prompts(batch: Any, rows: np.ndarray, tokenizer: Any) -> list[str]:
    """The prompts of some rows of `batch`, decoded."""
    return tokenizer.batch_decode(_prompt_tokens(batch, rows), skip_special_tokens=True)


def read_prompt_ids(batch: Any, rows: np.ndarray) -> list[str]:
    """One name per row that its prompt keeps in every step and restart: a hash of its tokens. verl's uid is a new one
    in each step."""
    return [hash_tokens(tokens.tolist()) for tokens in _prompt_tokens(batch, rows)]


def hash_tokens(tokens: list[int]) -> str:
    """16 hexadecimal digits that depend on the tokens alone."""
    return hashlib.blake2b(np.asarray(tokens, dtype="<i8").tobytes(), digest_size=8).hexdigest()


def read_logprobs(batch: Any, rows: np.ndarray) -> np.ndarray:
    """Mean log-probability of each row's response under the policy that sampled it, over the tokens that it wrote.

    Shape (len(rows),). Reads what verl computed before the update; a response without tokens gets 0.
    """
    data = tq.kv_batch_get(
        keys=[batch.keys[r] for r in rows],
        partition_id=batch.partition_id,
        select_fields=["old_log_probs", "response_mask"],
    )
    pairs = zip(data["old_log_probs"].unbind(), data["response_mask"].unbind(), strict=True)
    return np.asarray([float((logp * mask).sum() / max(float(mask.sum()), 1.0)) for logp, mask in pairs])


def _prompt_tokens(batch: Any, rows: np.ndarray) -> list[Any]:
    data = tq.kv_batch_get(
        keys=[batch.keys[r] for r in rows], partition_id=batch.partition_id, select_fields=["prompts"]
    )
    return list(data["prompts"].unbind())
