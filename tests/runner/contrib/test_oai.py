"""OpenAIUser with the real `openai` package, against a server that speaks the form of its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gevent
import openai
import pytest

from swarm.contrib.oai import OpenAIUser
from tests.runner.contrib.bench import Bench, until
from tests.servers.openai_api import WORDS, OpenAIApi

ASK: list[Any] = [{"role": "user", "content": "What do bees do?"}]
ANSWER = "".join(WORDS)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIApi]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with closing(OpenAIApi()) as api:
        yield api


@pytest.fixture
def user(bench: Bench, api: OpenAIApi) -> OpenAIUser:
    return bench.user(OpenAIUser, host=api.url)


def test_calls_are_counted_by_path_with_their_tokens(bench: Bench, user: OpenAIUser) -> None:
    assert user.client.responses.create(model="plain", input="What?").output_text == ANSWER
    answer = user.client.chat.completions.create(model="plain", messages=ASK)
    assert answer.choices[0].message.content == ANSWER
    assert bench.counted == {"POST /v1/responses": 1, "POST /v1/chat/completions": 1}
    assert [event["response_length"] for event in bench.events] == [9, 7]
    assert bench.events[0]["response"].status_code == 200


def test_requests_are_renamed(bench: Bench, user: OpenAIUser) -> None:
    with user.client.rename_request("small"):
        user.client.responses.create(model="plain", input="What?")
    user.client.responses.create(model="plain", input="What?")
    assert bench.counted == {"POST small": 1, "POST /v1/responses": 1}


def test_a_client_with_other_options_is_counted_the_same(bench: Bench, user: OpenAIUser) -> None:
    user.client.with_options(timeout=20).responses.create(model="plain", input="What?")
    assert bench.counted == {"POST /v1/responses": 1}


def test_a_streamed_chat_is_counted_at_its_end_with_the_time_to_its_first_token(
    bench: Bench, api: OpenAIApi, user: OpenAIUser
) -> None:
    stream = user.client.chat.completions.create(model="held", messages=ASK, stream=True)
    words = (chunk.choices[0].delta.content or "" for chunk in stream)
    assert next(words) + next(words) == WORDS[0]
    assert bench.events == []
    (session,) = user._swarm_sessions
    assert session.in_flight == 1
    gevent.sleep(0.2)  # so that the first token and the end lie apart
    api.gate.set()
    assert "".join(words) == "".join(WORDS[1:])
    (event,) = bench.events
    assert 0 < event["context"]["time_to_first_token"] < event["response_time"] - 150
    assert event["response_length"] == len(WORDS)
    assert session.in_flight == 0


@pytest.mark.parametrize("way", ["chat", "responses"])
def test_a_stream_that_tells_its_tokens_is_counted_with_them(
    bench: Bench, user: OpenAIUser, way: str
) -> None:
    if way == "chat":
        list(
            user.client.chat.completions.create(
                model="plain", messages=ASK, stream=True, stream_options={"include_usage": True}
            )
        )
    else:
        list(user.client.responses.create(model="plain", input="What?", stream=True))
    (event,) = bench.events
    assert event["response_length"] == (11 if way == "chat" else 9)
    assert event["context"]["time_to_first_token"] > 0


def test_a_stream_that_is_left_early_is_counted(bench: Bench, api: OpenAIApi, user: OpenAIUser) -> None:
    with user.client.chat.completions.create(model="held", messages=ASK, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    assert bench.counted == {"POST /v1/chat/completions": 1}
    assert bench.failed == {}


def test_a_stream_that_breaks_off_is_a_failure(bench: Bench, user: OpenAIUser) -> None:
    with pytest.raises(openai.APIConnectionError):
        list(user.client.chat.completions.create(model="torn", messages=ASK, stream=True))
    assert "POST /v1/chat/completions" in bench.failed


def test_an_error_is_counted_and_raised_as_openais(bench: Bench, user: OpenAIUser) -> None:
    with pytest.raises(openai.BadRequestError):
        user.client.responses.create(model="bad", input="What?")
    assert "400 Bad Request" in bench.failed["POST /v1/responses"]


def test_each_attempt_is_counted(bench: Bench, user: OpenAIUser) -> None:
    user.client.responses.create(model="busy", input="What?")
    assert bench.counted == {"POST /v1/responses": 2}
    assert "500" in bench.failed["POST /v1/responses"]


def test_a_server_that_is_not_there_is_a_failure(bench: Bench, api: OpenAIApi) -> None:
    user = bench.user(OpenAIUser, host="http://127.0.0.1:1/v1")
    with pytest.raises(openai.APIConnectionError):
        user.client.with_options(max_retries=0).responses.create(model="plain", input="What?")
    assert "Connection refused" in bench.failed["POST /v1/responses"]


def test_calls_of_several_users_overlap(bench: Bench, api: OpenAIApi) -> None:
    bench.running(
        OpenAIUser, 10, lambda user: user.client.responses.create(model="held", input="What?"), host=api.url
    )
    until(lambda: api.waiting == 10)
    api.gate.set()
    until(lambda: bench.counted.get("POST /v1/responses") == 10)
    assert bench.failed == {}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_stop_cuts_a_call_at_once(bench: Bench, api: OpenAIApi, streamed: bool) -> None:
    def ask(user: Any) -> None:
        answer = user.client.chat.completions.create(model="held", messages=ASK, stream=streamed)
        if streamed:
            list(answer)

    bench.running(OpenAIUser, 3, ask, host=api.url)
    until(lambda: api.waiting == 3)
    bench.stop()
    assert bench.interrupted == 3
    assert bench.counted == {}
    assert api.asked == ["held"] * 3
