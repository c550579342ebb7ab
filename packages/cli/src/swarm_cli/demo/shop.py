"""The demo shop: a small web shop with sessions, believable waits, and a few failures.

`python -m swarm_cli.demo.shop [PORT]` serves it alone, on 127.0.0.1, and prints its URL. `GET /stats` tells
what it was asked and how it answered, so that a load test's table can be compared with it.
"""

from __future__ import annotations

import json
import random
import re
import secrets
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from swarm_cli.demo import catalogue
from swarm_cli.demo.latency import Latency

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm_cli.demo.catalogue import Catalogue

MOST_SESSIONS = 100_000
CHECKOUT_FAILS = 0.01


@dataclass(frozen=True, slots=True)
class Request:
    """What a page is asked: the address's parts, the decoded JSON body, and whose session it is."""

    argument: str
    query: dict[str, str]
    body: dict[str, Any]
    session: Session | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, what is sent (an object as JSON, or HTML text), and a session's cookie to set."""

    status: HTTPStatus
    content: object
    cookie: str | None = None


@dataclass(slots=True)
class Session:
    """The cookie's key, the name of who has logged in, and what lies in the basket: quantities by product."""

    key: str
    customer: str
    basket: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """A page: its method, its name in reports, the pattern of its path, its speed, and who answers."""

    method: str
    name: str
    pattern: re.Pattern[str]
    latency: Latency
    answer: Callable[[Request], Answer]


class Shop:
    """The shop's pages, sessions and counts; knows nothing of sockets or waiting."""

    def __init__(self, goods: Catalogue, seed: int = 7) -> None:
        self._goods = goods
        self._rng = random.Random(seed)
        self._sessions: dict[str, Session] = {}
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._orders = 0
        self._routes = [
            Route(method, name, re.compile(pattern), latency, answer)
            for method, name, pattern, latency, answer in (
                ("GET", "/", r"/", Latency(3), self._home),
                ("GET", "/catalogue", r"/catalogue", Latency(8), self._catalogue),
                ("GET", "/search", r"/search", Latency(25, 0.5), self._search),
                ("GET", "/product/[id]", r"/product/(\d+)", Latency(5), self._product),
                ("POST", "/login", r"/login", Latency(40, 0.2), self._login),
                ("POST", "/logout", r"/logout", Latency(2), self._logout),
                ("GET", "/basket", r"/basket", Latency(5), self._basket),
                ("POST", "/basket", r"/basket", Latency(9), self._add),
                ("POST", "/checkout", r"/checkout", Latency(60, 0.4, slow=0.03), self._checkout),
            )
        ]

    def respond(self, method: str, target: str, body: bytes, cookie: str) -> tuple[float, Answer]:
        """Answer one request; return the seconds that it is to take, and the answer."""
        path, _, query = target.partition("?")
        if path == "/stats":
            return 0.0, Answer(HTTPStatus.OK, self.stats())
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match is not None and route.method == method:
                answer = self._answer(route, match, query, body, cookie)
                self._counts[method, route.name, answer.status] += 1
                return route.latency.draw(self._rng), answer
        self._counts[method, "(other)", HTTPStatus.NOT_FOUND] += 1
        return 0.0, _error(HTTPStatus.NOT_FOUND, f"There is no page {path} for {method}.")

    def stats(self) -> dict[str, Any]:
        """Return the requests so far, in all and by route, with their answers by status."""
        routes: dict[tuple[str, str], dict[str, Any]] = {}
        for (method, name, status), count in sorted(self._counts.items()):
            route = routes.setdefault(
                (method, name), {"method": method, "name": name, "requests": 0, "failures": 0, "statuses": {}}
            )
            route["requests"] += count
            route["failures"] += count if status >= HTTPStatus.BAD_REQUEST else 0
            route["statuses"][str(int(status))] = count
        return {
            "requests": sum(route["requests"] for route in routes.values()),
            "failures": sum(route["failures"] for route in routes.values()),
            "routes": list(routes.values()),
        }

    def _answer(self, route: Route, match: re.Match[str], query: str, body: bytes, cookie: str) -> Answer:
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            decoded = None
        if not isinstance(decoded, dict):
            return _error(HTTPStatus.BAD_REQUEST, "The body is no JSON object.")
        return route.answer(
            Request(
                argument=match.group(match.lastindex or 0),
                query=dict(urllib.parse.parse_qsl(query)),
                body=decoded,
                session=self._sessions.get(_session_id(cookie)),
            )
        )

    def _home(self, _request: Request) -> Answer:
        links = "".join(
            f'<li><a href="/product/{product.id}">{product.name}</a>' for product in self._goods.page(1)
        )
        return Answer(
            HTTPStatus.OK, f"<!doctype html><title>Demo shop</title><h1>Demo shop</h1><ul>{links}</ul>"
        )

    def _catalogue(self, request: Request) -> Answer:
        number = _number(request.query.get("page", "1"))
        if number is None:
            return _error(HTTPStatus.BAD_REQUEST, "page is a number from 1.")
        return Answer(
            HTTPStatus.OK, {"page": number, "products": [p.summary() for p in self._goods.page(number)]}
        )

    def _search(self, request: Request) -> Answer:
        found = self._goods.search(request.query.get("q", ""))
        return Answer(HTTPStatus.OK, {"found": len(found), "products": [p.summary() for p in found[:20]]})

    def _product(self, request: Request) -> Answer:
        product = self._goods.products.get(int(request.argument))
        if product is None or self._goods.is_withdrawn(product):
            return _error(HTTPStatus.NOT_FOUND, f"Product {request.argument} is not on sale.")
        return Answer(HTTPStatus.OK, product.summary() | {"description": product.description})

    def _login(self, request: Request) -> Answer:
        customer = request.body.get("customer")
        name = self._goods.customers.get(customer) if isinstance(customer, int) else None
        if name is None or request.body.get("password") != catalogue.PASSWORD:
            return _error(HTTPStatus.UNAUTHORIZED, "Customer or password is wrong.")
        if len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        key = secrets.token_urlsafe(16)
        self._sessions[key] = Session(key, name)
        return Answer(HTTPStatus.OK, {"name": name}, f"session={key}; Path=/; HttpOnly; SameSite=Lax")

    def _logout(self, request: Request) -> Answer:
        if request.session is not None:
            self._sessions.pop(request.session.key, None)
        return Answer(HTTPStatus.OK, {}, "session=; Path=/; Max-Age=0")

    def _basket(self, request: Request) -> Answer:
        if request.session is None:
            return _not_logged_in()
        basket = request.session.basket
        total = sum(self._goods.products[number].price * quantity for number, quantity in basket.items())
        items = [{"product": number, "quantity": quantity} for number, quantity in basket.items()]
        return Answer(HTTPStatus.OK, {"items": items, "total": total})

    def _add(self, request: Request) -> Answer:
        if request.session is None:
            return _not_logged_in()
        product, quantity = request.body.get("product"), request.body.get("quantity", 1)
        if (
            not isinstance(product, int)
            or product not in self._goods.products
            or not isinstance(quantity, int)
            or quantity < 1
        ):
            return _error(
                HTTPStatus.UNPROCESSABLE_ENTITY, "product is a product's number, quantity at least 1."
            )
        basket = request.session.basket
        basket[product] = basket.get(product, 0) + quantity
        return Answer(HTTPStatus.CREATED, {"items": len(basket)})

    def _checkout(self, request: Request) -> Answer:
        if request.session is None:
            return _not_logged_in()
        if not request.session.basket:
            return _error(HTTPStatus.CONFLICT, "The basket is empty.")
        if self._rng.random() < CHECKOUT_FAILS:
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "The payment service did not answer.")
        request.session.basket.clear()
        self._orders += 1
        return Answer(HTTPStatus.CREATED, {"order": self._orders})


def _error(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, {"error": text})


def _not_logged_in() -> Answer:
    return _error(HTTPStatus.UNAUTHORIZED, "Log in first.")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) >= 1 else None


def _session_id(cookies: str) -> str:
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == "session":
            return value
    return ""


if __name__ == "__main__":
    from swarm_cli.demo import server

    server.main()
