import pytest

from darling_plugin.tools.export.redact import LEFT_OUT, redact


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"trainer": {"wandb_api_key": "abc"}}, {"trainer": {"wandb_api_key": LEFT_OUT}}),
        ({"hf_token": "abc", "password": "p"}, {"hf_token": LEFT_OUT, "password": LEFT_OUT}),
        # every value of an environment, whatever its name
        (
            {"runtime_env": {"env_vars": {"A": "1", "B": 2}}},
            {"runtime_env": {"env_vars": {"A": LEFT_OUT, "B": LEFT_OUT}}},
        ),
        ({"urls": ["http://me:pass@host:80/x", "http://host/a@b"]}, {"urls": ["http://host:80/x", "http://host/a@b"]}),
        ({"a": (1, {"secret": "s"})}, {"a": [1, {"secret": LEFT_OUT}]}),
    ],
)
def test_what_is_left_out(config, expected):
    assert redact(config) == expected


@pytest.mark.parametrize(
    "config",
    [{}, {"max_token": 5}, {"pad_token_id": 1}, {"api_key_env": "KEY"}, {"token": None}, {"prompt_key": "prompt"}],
)
def test_what_only_looks_like_it(config):
    assert redact(config) == config
