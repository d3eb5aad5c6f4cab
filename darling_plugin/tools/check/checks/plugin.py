"""The `darling:` node, as the start of a job checks it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf, open_dict

from darling_plugin.errors import ConfigError, MissingDependencyError
from darling_plugin.integrations.verl.validate import validate_job
from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import Job
from darling_plugin.tools.check.models import is_hub_name

MODEL = "darling.similarity.model"
KEY = re.compile(r"`?((?:darling|trainer|reward|data|algorithm|actor_rollout_ref)\.[\w.]+)")


def check(job: Job) -> Iterator[Finding]:
    """`validate_job`'s complaints, one finding a line. Offline, a model on the hub is reported as not checked."""
    config = job.config
    model = hub_model(job)
    if model is not None and job.offline:
        yield Finding(MODEL, model, "on the Hugging Face hub", level="not checked")
        config = _without_model(config)
    try:
        validate_job(config)
    except (ConfigError, MissingDependencyError) as error:
        for line in str(error).splitlines():
            found = KEY.match(line)
            key = found.group(1) if found else MODEL if isinstance(error, MissingDependencyError) else "darling"
            yield Finding(key, job[key], line)


def hub_model(job: Job) -> str | None:
    """The similarity's model, where loading it would ask the hub."""
    model = job[MODEL]
    asks = (job["darling.similarity.name"] or "classifier") in ("classifier", "embedding")
    return str(model) if asks and model is not None and is_hub_name(str(model)) else None


def _without_model(config: DictConfig) -> DictConfig:
    """The same job with a similarity that needs no model, so that the rest of the node is still checked."""
    changed = copy.deepcopy(config)
    with open_dict(changed):
        OmegaConf.update(changed, "darling.similarity.name", "lexical")
        OmegaConf.update(changed, MODEL, None)
    return changed
