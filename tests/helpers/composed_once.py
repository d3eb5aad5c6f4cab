"""Jobs composed once per choice of files; Hydra's own function applies the single keys to a copy.

Hydra parses thirty files for each job, which takes longer than all that is checked about it. So each text is parsed
once for all jobs (`parse_texts_once`), and each choice of files is put together once (`compose_once`).
"""

import copy
import functools
import io
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from darling_plugin.tools.check.compose import compose_job

Composer = Callable[[tuple[str, ...]], DictConfig]


def parse_texts_once(patch: pytest.MonkeyPatch) -> None:
    """What OmegaConf makes of the text of a file is kept, and each caller gets a copy of its own."""
    load = OmegaConf.load

    @functools.cache
    def parsed(text: str) -> bytes:
        return pickle.dumps(load(io.StringIO(text)))

    def load_text(file: Any) -> Any:
        return pickle.loads(parsed(file.read())) if hasattr(file, "read") else load(file)

    patch.setattr(OmegaConf, "load", staticmethod(load_text))


@functools.cache
def _files(composer: Composer, overrides: tuple[str, ...]) -> DictConfig:
    return composer(overrides)


def compose_once(overrides: Sequence[str], composer: Composer = compose_job) -> DictConfig:
    """What `composer` returns or raises for the overrides. It takes them whole, and keeps to Hydra's rules."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    files = tuple(one for one in overrides if "." not in one.partition("=")[0])  # +darling=NAME, model_engine=NAME
    config = copy.deepcopy(_files(composer, files))
    try:
        keys = OverridesParser.create().parse_overrides([one for one in overrides if one not in files])
        ConfigLoaderImpl._apply_overrides_to_config(keys, config)
        OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException):
        return composer(tuple(overrides))  # for its message
    return config
