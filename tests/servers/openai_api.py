"""A server that speaks the form of OpenAI's API: responses and chat completions, whole and streamed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gevent.event import Event
from gevent.pywsgi import WSGIServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WORDS = ["Bees ", "make ", "honey."]


class OpenAIApi:
    """The API on a free port; the model tells how it answers.

    `plain` at once; `held` when `gate` is set, a stream between its first word and the others; `bad` with an
    error; `busy` with a 500 the first time and then at once; `torn` with a stream that breaks off.
    """

    def __init__(self) -> None:
        self.gate = Event()
        self.waiting = 0
        self.asked: list[str] = []
        self._server = WSGIServer(("127.0.0.1", 0), self._serve, log=None, error_log=None)
        self._server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self.gate.set()
        self._server.stop(timeout=1)

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = json.loads(environ["wsgi.input"].read() or b"{}")
        model = body.get("model", "plain")
        self.asked.append(model)
        if model == "bad" or (model == "busy" and self.asked.count("busy") == 1):
            status = "400 Bad Request" if model == "bad" else "500 Internal Server Error"
            start_response(status, [("Content-Type", "application/json")])
            return [json.dumps({"error": {"message": "no such model", "code": "model_not_found"}}).encode()]
        is_chat = environ["PATH_INFO"].endswith("/chat/completions")
        if body.get("stream"):
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return self._chat_stream(body) if is_chat else self._response_stream(body)
        if model == "held":
            self._hold()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(_completion(body) if is_chat else _response(body)).encode()]

    def _hold(self) -> None:
        self.waiting += 1
        try:
            self.gate.wait()
        finally:
            self.waiting -= 1

    def _chat_stream(self, body: dict[str, Any]) -> Iterator[bytes]:
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
        yield _event({**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        for number, word in enumerate(WORDS):
            if number == 1 and body["model"] == "held":
                self._hold()
            if number == 1 and body["model"] == "torn":
                raise OSError("the model has fallen over")
            yield _event({**chunk, "choices": [{"index": 0, "delta": {"content": word}}]})
        if body.get("stream_options", {}).get("include_usage"):
            usage = {"prompt_tokens": 4, "completion_tokens": 11, "total_tokens": 15}
            yield _event({**chunk, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def _response_stream(self, body: dict[str, Any]) -> Iterator[bytes]:
        response = _response(body)
        yield _event(
            {"type": "response.created", "sequence_number": 0, "response": {**response, "usage": None}}
        )
        for number, word in enumerate(WORDS, start=1):
            place = {"item_id": "m", "output_index": 0, "content_index": 0, "logprobs": []}
            delta = {"type": "response.output_text.delta", "sequence_number": number, "delta": word}
            yield _event({**delta, **place})
        yield _event({"type": "response.completed", "sequence_number": 9, "response": response})


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _completion(body: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(WORDS)}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 4, "completion_tokens": 7, "total_tokens": 11},
    }


def _response(body: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "output_text", "text": "".join(WORDS), "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]}
    return {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "completed",
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 4,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 13,
        },
    }
