"""Finds a data set's files: given by name, in the folder of `--from`, in the hub's cache, or on the hub.

All sets are searched first, so that one error can list everything that has to be downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from darling_plugin.errors import DarlingError, InputError
from darling_plugin.tools.data.catalogue import Source
from darling_plugin.tools.data.read import SUFFIXES, data_files
from darling_plugin.tools.hub_reach import out_of_reach

COMMIT = re.compile(r"[0-9a-f]{40}")


class Found(NamedTuple):
    """A source and its files here. `commit` is that of the hub's data set, None for local files."""

    source: Source
    files: tuple[Path, ...]
    commit: str | None


def find(
    sources: Sequence[Source],
    *,
    folder: Path | None = None,
    given: Mapping[str, Sequence[Path]] | None = None,
    revisions: Mapping[str, str] | None = None,
) -> dict[str, Found]:
    """Every source's files, by its name. Files that are neither given nor in `folder` are downloaded.

    Args:
        folder: holds `<name>.jsonl`, `.json` or `.parquet`, or a folder `<name>/` of such files.
        given: files or folders for a source, by its name.
        revisions: another revision of the data set on the hub, by the source's name.

    Raises:
        InputError: a file that was named is not there.
        DarlingError: the hub is out of reach, or refuses. The message lists all that is missing.
    """
    if folder is not None and not folder.is_dir():
        raise InputError(f"--from: there is no folder {folder}")
    found: dict[str, Found] = {}
    for source in sources:
        files = _given(source, (given or {}).get(source.name, ())) or _in_folder(source, folder)
        if files:
            found[source.name] = Found(source, tuple(files), None)
    wanted = [source for source in sources if source.name not in found]
    revision = {source.name: (revisions or {}).get(source.name, source.revision) for source in wanted}
    cached = {source.name: _cached(source, revision[source.name]) for source in wanted}
    # A commit in the cache needs no network. A branch may have moved; without a network, the cached revision is used.
    stale = [s for s in wanted if cached[s.name] is None or not COMMIT.fullmatch(revision[s.name])]
    why = out_of_reach() if stale else None
    if why and (missing := [source for source in stale if cached[source.name] is None]):
        raise DarlingError(to_bring(missing, revision, folder, why))
    for source in wanted:
        download = source in stale and why is None
        files = _download(source, revision[source.name], folder) if download else cached[source.name] or []
        found[source.name] = Found(source, tuple(files), _commit(files[0]))
    return {source.name: found[source.name] for source in sources}


def to_bring(missing: Sequence[Source], revisions: Mapping[str, str], folder: Path | None, why: str) -> str:
    """The error for missing sets: what to download on a machine with a network, and where to put it."""
    target = folder or Path("sources")
    place = f"its cache or {folder}" if folder else "its cache"
    fetch = "\n".join(
        f"  hf download {source.repository} {' '.join(source.files)} --repo-type dataset "
        f"--revision {revisions[source.name]} --local-dir {target / source.name}"
        for source in missing
    )
    names = ", ".join(f"{source.name} ({source.repository})" for source in missing)
    return (
        f"the Hugging Face hub is out of reach ({why}), and these data sets are not in {place}: {names}.\n"
        f"On a machine with a network, run\n{fetch}\n"
        f"and copy {target} here; then add --from {target}. Your own file works too: "
        f"{target}/<name>{'|'.join(SUFFIXES)}, with the same columns; --train-file names one for training."
    )


def _given(source: Source, paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{source.name}: there is no file or folder {path}")
        if not (inside := data_files(path)):
            raise InputError(f"{source.name}: the folder {path} holds no file {', '.join(SUFFIXES)}")
        files += inside
    return files


def _in_folder(source: Source, folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    for name in source.local_names:
        for path in (folder / name, *(folder / f"{name}{suffix}" for suffix in SUFFIXES)):
            if path.exists() and (files := data_files(path)):
                return list(files)
    return []


def _cached(source: Source, revision: str) -> list[Path] | None:
    """The files, if the hub's client has all of them."""
    from huggingface_hub import try_to_load_from_cache

    found = [
        try_to_load_from_cache(source.repository, file, revision=revision, repo_type="dataset") for file in source.files
    ]
    files = [Path(file) for file in found if isinstance(file, str)]
    return files if len(files) == len(source.files) else None


def _download(source: Source, revision: str, folder: Path | None) -> list[Path]:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return [
            Path(hf_hub_download(source.repository, file, revision=revision, repo_type="dataset"))
            for file in source.files
        ]
    except LocalEntryNotFoundError as error:  # what the client makes of a network that went away
        why = str(error).splitlines()[0]
        raise DarlingError(to_bring([source], {source.name: revision}, folder, why)) from error
    except HfHubHTTPError as error:
        raise DarlingError(
            f"{source.name}: the Hugging Face hub refuses {source.repository} at {revision}: "
            f"{str(error).splitlines()[0]} A gated data set needs `hf auth login` and your consent on its "
            f"page; --revision {source.name}=… sets another revision."
        ) from error


def _commit(path: Path) -> str | None:
    """The commit that the hub's client names the folder of its files after."""
    found = re.search(rf"/snapshots/({COMMIT.pattern})/", path.as_posix())
    return found[1] if found else None
