"""Jobs composed once per choice of files; Hydra's own function applies the single keys to a copy.

Hydra parses thirty files for each job, which takes longer than all that is checked about it.
"""

import copy
import functools
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from darling_plugin.tools.check.compose import compose_job


@functools.cache
def _files(overrides: tuple[str, ...]) -> DictConfig:
    return compose_job(overrides)


def compose_once(overrides: Sequence[str]) -> DictConfig:
    """What `compose_job` returns or raises."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    files = tuple(one for one in overrides if "." not in one.partition("=")[0])  # +darling=NAME, model_engine=NAME
    config = copy.deepcopy(_files(files))
    try:
        keys = OverridesParser.create().parse_overrides([one for one in overrides if one not in files])
        ConfigLoaderImpl._apply_overrides_to_config(keys, config)
        OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException):
        return compose_job(overrides)  # for its message
    return config
