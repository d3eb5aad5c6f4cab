"""A name can be a folder here or one on the Hugging Face hub: a mistyped folder is said before the hub is asked.

`outputs/my_clasifier` reads like `owner/name`: the hub's client would ask for it over the network, and again and again.
"""

from __future__ import annotations

from pathlib import Path


def absent_path(name: str | Path) -> str | None:
    """What is missing here, where the name can only be meant as a path; None for what is here, or may be on the hub.

    A path: absolute, of more than two parts, or into a folder that is here (`outputs/…` beside outputs/), unless the
    hub's client has that very name in its cache. A bare word may be on the hub.
    """
    path = Path(name).expanduser()
    if path.exists() or len(path.parts) < 2:
        return None
    into_a_folder = Path(path.parts[0]).is_dir()
    if len(path.parts) == 2 and not path.is_absolute() and (not into_a_folder or _cached(str(name))):
        return None
    found = next(parent for parent in path.parents if parent.is_dir())
    missing = path.relative_to(found).parts[0]
    where = "here" if found == Path() else f"in {found}"
    hub = ""
    if len(path.parts) == 2 and not path.is_absolute():
        hub = f" (for one of that name on the Hugging Face hub, work in a folder that holds no {path.parts[0]})"
    return f"there is no {missing} {where}{hub}"


def _cached(name: str) -> bool:
    """Whether anything of that repository, a model or a dataset, is in the hub client's cache."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    cache = Path(constants.HF_HUB_CACHE)
    return any((cache / repo_folder_name(repo_id=name, repo_type=kind)).is_dir() for kind in ("model", "dataset"))
