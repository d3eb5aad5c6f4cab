"""The settings of the servers that verl launches for a classifier, as far as they can be tested without a GPU."""

import json
import warnings

import pytest

from darling_plugin.config import ServiceSettings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.classifier_servers import server_config
from darling_plugin.service.build import check_backend
from darling_plugin.similarity import LexicalSimilarity, build_similarity


@pytest.fixture
def model(tmp_path):
    """A folder with no more than the configuration of a classifier that reads 2,048 tokens."""
    config = {"model_type": "modernbert", "architectures": ["ModernBertForSequenceClassification"]}
    (tmp_path / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}))
    return str(tmp_path)


def test_verl_takes_the_settings_of_a_server(compose, model):
    from verl.utils.config import omega_conf_to_dataclass

    settings = ServiceSettings(backend="vllm", replicas=2, gpus_per_replica=2, batch_tokens=4096)
    rollout = omega_conf_to_dataclass(server_config(compose(), settings, model))
    assert (rollout.name, rollout.tensor_model_parallel_size) == ("vllm", 2)
    assert rollout.prompt_length + rollout.response_length == 2048  # the longest input, as verl reckons it
    assert rollout.max_num_batched_tokens == 4096
    assert not rollout.free_cache_engine and not rollout.enable_sleep_mode and not rollout.skip_tokenizer_init


@pytest.mark.parametrize(("kind", "shares"), [("modernbert", False), ("bert", False), ("qwen3", True), ("llama", True)])
def test_only_a_decoder_shares_what_it_has_read(compose, model, tmp_path, kind, shares):
    config = {"model_type": kind, "max_position_embeddings": 2048}
    (tmp_path / "config.json").write_text(json.dumps(config))
    rollout = server_config(compose(), ServiceSettings(backend="vllm"), model)
    assert (rollout.enable_prefix_caching, rollout.enable_chunked_prefill) == (shares, shares)


def test_the_job_keeps_its_own_reward_models_settings(compose, model):
    config = compose()
    before = config.reward.reward_model.rollout.prompt_length
    server_config(config, ServiceSettings(backend="vllm"), model)
    assert config.reward.reward_model.rollout.prompt_length == before


@pytest.mark.parametrize("backend", ["vllm", "urls"])
def test_a_server_is_for_a_classifier_that_reads_pairs(backend):
    settings = ServiceSettings(backend=backend, urls=["http://host:1"] if backend == "urls" else None)
    for similarity in (LexicalSimilarity(), build_similarity("classifier")):
        with pytest.raises(ConfigError, match=rf"darling.service.backend={backend}: its servers can only run"):
            check_backend(similarity, settings)


@pytest.mark.parametrize("similarity", [LexicalSimilarity(), build_similarity("classifier")])
def test_servers_that_nobody_would_ask_are_an_error(similarity):
    settings = ServiceSettings(urls=["http://a:8000"])
    with pytest.raises(ConfigError, match=r"darling.service.urls=\['http://a:8000'\]: these servers would not be used"):
        check_backend(similarity, settings)


def test_servers_of_an_objective_without_a_similarity_are_an_error(compose, verl):
    from darling_plugin.integrations.verl.validate import validate_job

    config = compose(
        "algorithm.adv_estimator=darling", "+darling.objective=ngram", "+darling.service.urls=[http://a:8000]"
    )
    with pytest.raises(ConfigError, match=r"these servers would not be used, because darling.objective=ngram"):
        validate_job(config)


def test_a_key_that_is_not_there_is_named(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    settings = ServiceSettings(urls=["http://host:1"], api_key_env="NO_SUCH_KEY")
    with pytest.raises(ConfigError, match=r"darling.service.api_key_env=NO_SUCH_KEY: there is no such environment"):
        check_backend(build_similarity("classifier"), settings)


def test_the_service_is_given_the_addresses_of_the_servers(compose, monkeypatch):
    from darling_plugin.config import DarlingSettings
    from darling_plugin.integrations.verl import classifier_servers, partitions
    from darling_plugin.service import actor

    servers = classifier_servers.Servers(["http://host:1"], [])
    monkeypatch.setattr(partitions, "_launched", lambda *given: servers)
    monkeypatch.setattr(
        actor, "RemoteService", lambda similarity, settings, how, backend, holds, slots: (settings, backend, holds)
    )
    asked = DarlingSettings(service=ServiceSettings(backend="vllm"))
    settings, backend, holds = partitions.open_service(compose(), asked, LexicalSimilarity())
    assert (backend, holds) == ("urls", servers)
    # As the actor reads them: checked again.
    assert ServiceSettings(**settings.model_dump()).urls == ["http://host:1"]


def test_verl_masks_the_logits_of_models_that_have_some(verl):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # vLLM's imports warn of much
        from verl.workers.rollout.vllm_rollout.utils import monkey_patch_compute_logits

    class Decoder:
        def compute_logits(self):
            return torch.zeros(1, 3)

    class Encoder:
        pass

    decoder, encoder = Decoder(), Encoder()
    monkey_patch_compute_logits(decoder, 2)
    monkey_patch_compute_logits(encoder, 2)
    assert decoder.compute_logits().tolist() == [[0.0, 0.0, float("-inf")]]
    assert vars(encoder) == {}
