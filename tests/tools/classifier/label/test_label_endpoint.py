"""What can be wrong with the settings comes out before anything is asked."""

import pickle

import pytest

from darling_plugin.endpoint import endpoint as endpoint_module
from darling_plugin.endpoint.endpoint import NO_KEY, Endpoint, as_key
from darling_plugin.errors import ConfigError, DarlingError, MissingDependencyError
from darling_plugin.similarity.llm_judge.definitions import domain_called

URL = "http://localhost:8000/v1"
OFFICIAL = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": ""}, "`--url` must be the address of an OpenAI-compatible endpoint"),
        ({"url": "localhost:8000/v1"}, "`--url` must begin with http://"),
        ({"url": "http://"}, "`--url` must begin with http://"),
        ({"url": "http://host:port/v1"}, "`--url` is not a valid address"),
        ({"model": ""}, "`--judge` must be the name"),
        ({"concurrency": 0}, "`--concurrency` must be a whole number of at least 1"),
        ({"max_tokens": 0}, "`--max-tokens` must be a whole number of at least 1"),
        ({"timeout_s": 0.0}, "`--timeout-s` must be at least"),
        ({"deadline_s": -1.0}, "`--deadline-s` must be at least 0"),
        ({"temperature": float("nan")}, "`--temperature` must be a finite number"),
        ({"api_key_env": "NO_SUCH_KEY"}, "`--api-key-env` is 'NO_SUCH_KEY', and there is no such environment variable"),
        ({"url": "", "called": as_key}, "`darling.similarity.url` must be"),
        ({"model": "", "called": as_key}, "`darling.similarity.model` must be"),
    ],
)
def test_a_wrong_setting_is_named(settings, said):
    with pytest.raises(DarlingError, match=said):
        Endpoint(**{"url": URL, "model": "judge"} | settings)


@pytest.mark.parametrize(
    "url",
    ["http://me:hunter2@host/v1", "http://hunter2@host/v1", "http://host/v1?key=hunter2", "http://host/v1#hunter2"],
)
def test_a_secret_in_the_address_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match="must not contain a user, a password") as caught:
        Endpoint(url, "judge")
    assert "hunter2" not in str(caught.value)


def test_the_key_comes_from_the_environment_and_stays_there(monkeypatch):
    assert Endpoint(URL, "judge").api_key() == NO_KEY
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2\n")
    monkeypatch.setenv("OTHER", "hunter3")
    endpoint = Endpoint(URL, "judge", api_key_env="OTHER")
    assert (Endpoint(OFFICIAL, "judge").api_key(), endpoint.api_key()) == ("hunter2", "hunter3")
    assert b"hunter" not in pickle.dumps(endpoint) and "hunter" not in repr(endpoint)


@pytest.mark.parametrize(
    "url", [URL, "http://api.openai.com/v1", "https://api.openai.com.evil.example/v1", "https://openai.com/v1"]
)
def test_openai_s_key_goes_to_openai_alone(monkeypatch, url):
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    assert Endpoint(url, "judge").api_key() == NO_KEY
    assert Endpoint(url, "judge", api_key_env="OPENAI_API_KEY").api_key() == "hunter2"  # named: it is meant


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://10.0.0.7:8000/v1", True),
        ("http://judge.example/v1", True),
        ("https://judge.example/v1", False),
        ("http://localhost:8000/v1", False),
        ("http://127.0.0.5/v1", False),
        ("http://[::1]:8000/v1", False),
    ],
)
def test_a_key_over_plain_http_to_another_machine_is_warned_of(monkeypatch, caplog, url, warned):
    monkeypatch.setenv("OTHER", "hunter2")
    Endpoint(url, "judge", api_key_env="OTHER")
    assert ("the key in OTHER is sent over plain HTTP" in caplog.text) is warned
    assert "hunter2" not in caplog.text


def test_a_key_that_no_header_can_hold(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2…")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY must hold one line of ASCII") as caught:
        Endpoint(OFFICIAL, "judge")
    assert "hunter2" not in str(caught.value)


def test_a_missing_module_is_named_with_its_install_command(monkeypatch):
    monkeypatch.setattr(endpoint_module, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r'openai: pip install "darling-plugin\[classifier\]"'):
        Endpoint(URL, "judge")


def test_an_unknown_domain():
    with pytest.raises(ConfigError, match="`--domain` must be one of writing, math, code, answers; got 'poetry'"):
        domain_called("poetry")
