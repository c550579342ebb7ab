"""Answers of the API: JSON with its status, and errors of one form."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from swarm_web.documents import Document
from swarm_web.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALL = 1_000
"""Bytes that are not worth compressing."""
CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "refused",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many",
}


class Problem(Exception):
    """What goes wrong with a request: its status, a message for people, and the key of the body that is wrong."""

    def __init__(self, status: int, message: str, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field
        self.code = code or CODES.get(status, "internal")
        self.headers: dict[str, str] = {}

    def answer(self) -> Response:
        """Return it as an answer."""
        response = reply(
            {"error": {"code": self.code, "message": str(self), "field": self.field}}, self.status
        )
        response.headers.update(self.headers)
        return response


def reply(document: Mapping[str, Any] | bytes, status: int = 200) -> Response:
    """Return a document, or JSON that is encoded already, as an answer."""
    body = document if isinstance(document, bytes) else encode(document)
    return Response(body, status, mimetype="application/json")


def compressed(
    body: Document | bytes | Mapping[str, Any],
    mimetype: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer, compressed if the client takes it so.

    Not for what has a secret beside something that somebody else may have put there: its length would tell the
    secret, bit by bit. So figures, the report and the page's files are compressed, and nothing about who asks.
    """
    if not isinstance(body, Document):
        body = Document(body if isinstance(body, bytes) else encode(body))
    with_gzip = len(body.plain) >= SMALL and request.accept_encodings.quality("gzip") > 0
    response = Response(body.gzipped() if with_gzip else body.plain, 200, headers, mimetype=mimetype)
    response.vary.add("Accept-Encoding")
    if with_gzip:
        response.content_encoding = "gzip"
    if body.identity:  # weak: the same for what is compressed and what is not
        response.set_etag(hashlib.sha256(body.identity.encode()).hexdigest()[:16], weak=True)
        response.make_conditional(request)
    return response


def is_of_api() -> bool:
    """Whether the present request is one of the API, whose errors are JSON."""
    return "/api/v1/" in request.path


def answer_of(error: HTTPException) -> Response:
    """Return an error of Flask's own in the API's form."""
    problem = Problem(error.code or 500, error.description or error.name)
    response = problem.answer()
    if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def body_of(limit: int = 64 * 1024) -> dict[str, Any]:
    """Return the JSON object that came with the request. Raises Problem."""
    if request.mimetype != "application/json":
        raise Problem(415, "The body is JSON: Content-Type: application/json.")
    if (request.content_length or 0) > limit:
        raise Problem(413, f"The body has at most {limit} bytes.")
    try:
        body = request.get_json(cache=True)
    except HTTPException as error:
        raise Problem(400, "The body is no JSON.") from error
    if not isinstance(body, dict):
        raise Problem(400, "The body is a JSON object.")
    return body
