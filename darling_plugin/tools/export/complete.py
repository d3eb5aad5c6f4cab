"""Whether a Hugging Face folder holds every tensor of its model: verl writes what the shards hold, however little."""

from __future__ import annotations

from pathlib import Path

from darling_plugin.errors import DarlingError


def check_complete(folder: Path) -> None:
    """Ask transformers to load it onto no device, which reads names and shapes only. Raises `DarlingError`."""
    import transformers
    from safetensors import SafetensorError
    from transformers.utils import logging

    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:  # whatever is in a config.json
        said = " ".join(str(error).split()).replace(f"{folder}/", "")
        raise DarlingError(f"CHECKPOINT: transformers cannot read its config.json: {said:.300}") from error
    architecture = (config.architectures or ["AutoModelForCausalLM"])[0]
    kind = getattr(transformers, architecture, None)
    if kind is None:
        raise DarlingError(f"CHECKPOINT: transformers has no {architecture}, so {folder} cannot be checked.")
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # what it would say of missing tensors is in the report
    logging.disable_progress_bar()
    try:
        _, report = kind.from_pretrained(folder, device_map="meta", output_loading_info=True, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DarlingError(f"CHECKPOINT: its weights cannot be read: {error}") from error
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
    for what, said in (("missing_keys", "lacks"), ("mismatched_keys", "has other shapes of")):
        names = sorted(map(str, report[what]))
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise DarlingError(
                f"CHECKPOINT: the exported {architecture} {said} {', '.join(names[:3])}{more}: the checkpoint is "
                "incomplete. Give another step with --step."
            )
