import pytest

from darling_plugin.tools.redact import LEFT_OUT, redact


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


SECRET = "SuperSecretValue123"


@pytest.mark.parametrize(
    "key",
    [
        *("aws_secret_access_key", "secret_key", "private_key", "key", "x-api-key", "Authorization", "api_keys"),
        *("openaiApiKey", "auth", "passphrase", "tokens", "hf_token_value", "credentials_json", "HF_TOKEN"),
        *("accessToken", "db.password", "wandbKey", "session_cookie"),
    ],
)
def test_words_anywhere_in_a_key(key):
    assert SECRET not in str(redact({"a": {key: SECRET}}))
    assert SECRET not in str(redact({key: [SECRET, {"value": SECRET}]}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://h/?token=abcdef&a=1", "https://h/?token=(left out)&a=1"),
        ("https://h/x?a=1&api_key=abc", "https://h/x?a=1&api_key=(left out)"),
        ("vllm serve --api-key abc --port 1", "vllm serve --api-key (left out) --port 1"),
        ("Bearer abc.def", "Bearer (left out)"),
        ("WANDB_API_KEY=abc run", "WANDB_API_KEY=(left out) run"),
        ("hf_abcdefghijklmnopqrstuvwxyz", LEFT_OUT),
        ("sk-proj-abcdefgh", LEFT_OUT),
        ("ghp_abcdef123456", LEFT_OUT),
        ("AKIAzzz", LEFT_OUT),
        ("https://hooks.slack.com/services/T0/B0/abc", LEFT_OUT),
        ("git+https://me:abc@host/r", "git+https://host/r"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", LEFT_OUT),
    ],
)
def test_forms_of_secrets_under_any_key(text, expected):
    assert redact({"note": text}) == {"note": expected}


def test_values_of_this_process(monkeypatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "unusual-value")
    monkeypatch.setenv("ORDINARY", "usual-value")
    assert redact({"note": "an unusual-value here", "other": "usual-value"}) == {
        "note": f"an {LEFT_OUT} here",
        "other": "usual-value",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/alice/data/train.parquet", "…/train.parquet"),
        ("file, ~/data/x.json", "file, …/x.json"),
        ("data/math/train.parquet", "data/math/train.parquet"),
        ("https://host/a/b", "https://host/a/b"),
        ("hdfs://host/user/alice", "hdfs://host/user/alice"),
        ("Qwen/Qwen3-4B-Base", "Qwen/Qwen3-4B-Base"),
    ],
)
def test_folders_of_a_machine(text, expected):
    assert redact({"path": text}) == {"path": expected}


@pytest.mark.parametrize(
    "config",
    [
        {"eos_token": "</s>"},
        {"save_contents": ["model", "hf_model", "optimizer"]},
        {"loss_agg_mode": "token-mean"},
        {"reward_fn_key": "data_source", "image_key": "images"},
        {"api_key": "${oc.env:OPENAI_API_KEY}"},
        {"tokenizer": "Qwen/Qwen3"},
    ],
)
def test_ordinary_settings_stay(config):
    assert redact(config) == config
