"""Whether a model to sample from is there, found in a second. vLLM takes a minute to say that it is not."""

from __future__ import annotations

from pathlib import Path

from darling_plugin.errors import InputError
from darling_plugin.tools.check.models import is_hub_name
from darling_plugin.tools.hub_reach import hub_or_cache

CONFIG = "config.json"


def check_model(model: str) -> None:
    """Raises `InputError` if `model` is neither a Hugging Face folder nor a name that the hub or its cache has."""
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / CONFIG).is_file():
            raise InputError(
                f"--model: {model} holds no {CONFIG}, expected a Hugging Face folder; `darling export` makes one from "
                "a verl checkpoint."
            )
        return
    if path.is_file() or model.startswith(("/", ".", "~")) or not (is_hub_name(model) or "/" not in model):
        raise InputError(f"--model: {model} is not a folder; give a Hugging Face folder, or a name on the hub.")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    with hub_or_cache() as why:
        try:
            hf_hub_download(model, CONFIG, etag_timeout=10)
        except (HfHubHTTPError, HFValidationError, EntryNotFoundError, LocalEntryNotFoundError) as error:
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            said = f"out of reach: {why}" if why else first[:200]
            raise InputError(
                f"--model: there is no folder {model}, and no model of that name could be loaded from the Hugging Face "
                f"hub ({said}) or its cache. Check the path, or the name and your network."
            ) from error
