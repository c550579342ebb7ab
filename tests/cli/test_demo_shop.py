"""The demo shop's pages, sessions, waits and counts, asked without a socket."""

from __future__ import annotations

import json
import random
import statistics
from http import HTTPStatus
from typing import Any

import pytest

from swarm_cli.demo import catalogue
from swarm_cli.demo.latency import LONGEST_S, Latency
from swarm_cli.demo.shop import Answer, Shop

LOGIN = {"customer": 1, "password": catalogue.PASSWORD}


@pytest.fixture(scope="module")
def goods() -> catalogue.Catalogue:
    return catalogue.make()


@pytest.fixture
def shop(goods: catalogue.Catalogue) -> Shop:
    return Shop(goods)


def ask(shop: Shop, method: str, target: str, body: object = None, cookie: str = "") -> Answer:
    return shop.respond(method, target, b"" if body is None else json.dumps(body).encode(), cookie)[1]


def content(answer: Answer) -> Any:
    return answer.content


def logged_in(shop: Shop) -> str:
    cookie = ask(shop, "POST", "/login", LOGIN).cookie
    assert cookie is not None
    return cookie.partition(";")[0]


def test_the_same_seed_makes_the_same_shop(goods: catalogue.Catalogue) -> None:
    assert catalogue.make(7) == goods
    assert catalogue.make(8) != goods


def test_every_product_is_listed_once(shop: Shop, goods: catalogue.Catalogue) -> None:
    pages = [content(ask(shop, "GET", f"/catalogue?page={n}"))["products"] for n in range(1, 26)]
    assert [product["id"] for page in pages for product in page] == list(goods.products)
    assert content(ask(shop, "GET", "/catalogue?page=26"))["products"] == []


@pytest.mark.parametrize("page", ["0", "-1", "x", ""])
def test_a_page_that_is_no_number_is_refused(shop: Shop, page: str) -> None:
    expected = HTTPStatus.OK if page == "" else HTTPStatus.BAD_REQUEST
    assert ask(shop, "GET", f"/catalogue?page={page}").status == expected


def test_a_product_that_was_withdrawn_is_listed_and_not_found(shop: Shop) -> None:
    withdrawn = catalogue.WITHDRAWN_EVERY
    listed = content(ask(shop, "GET", f"/catalogue?page={withdrawn // catalogue.PAGE + 1}"))["products"]
    assert withdrawn in [product["id"] for product in listed]
    assert ask(shop, "GET", f"/product/{withdrawn}").status == HTTPStatus.NOT_FOUND
    assert content(ask(shop, "GET", "/product/1"))["description"]


def test_a_word_of_a_name_finds_the_product(shop: Shop, goods: catalogue.Catalogue) -> None:
    word = goods.products[1].name.split()[-1]
    found = content(ask(shop, "GET", f"/search?q={word.upper()}"))
    assert found["found"] >= 1
    assert all(word.lower() in product["name"].lower().split() for product in found["products"])
    assert content(ask(shop, "GET", "/search?q=qqq"))["found"] == 0


@pytest.mark.parametrize(
    "login", [{}, {**LOGIN, "password": "x"}, {**LOGIN, "customer": 0}, {**LOGIN, "customer": []}]
)
def test_a_wrong_log_in_is_refused(shop: Shop, login: object) -> None:
    answer = ask(shop, "POST", "/login", login)
    assert (answer.status, answer.cookie) == (HTTPStatus.UNAUTHORIZED, None)


@pytest.mark.parametrize(("method", "page"), [("GET", "/basket"), ("POST", "/basket"), ("POST", "/checkout")])
def test_the_basket_needs_a_session(shop: Shop, method: str, page: str) -> None:
    assert ask(shop, method, page).status == HTTPStatus.UNAUTHORIZED
    assert ask(shop, method, page, cookie="session=guessed").status == HTTPStatus.UNAUTHORIZED


def test_a_basket_is_filled_bought_and_empty_again(goods: catalogue.Catalogue) -> None:
    shop = Shop(goods, seed=1)
    cookie = logged_in(shop)
    assert ask(shop, "POST", "/checkout", cookie=cookie).status == HTTPStatus.CONFLICT
    ask(shop, "POST", "/basket", {"product": 3, "quantity": 2}, cookie)
    basket = content(ask(shop, "GET", "/basket", cookie=f"other=1; {cookie}"))
    assert basket == {"items": [{"product": 3, "quantity": 2}], "total": 2 * goods.products[3].price}
    assert content(ask(shop, "POST", "/checkout", cookie=cookie)) == {"order": 1}
    assert content(ask(shop, "GET", "/basket", cookie=cookie))["items"] == []


def test_two_customers_have_two_baskets(shop: Shop) -> None:
    first, second = logged_in(shop), logged_in(shop)
    ask(shop, "POST", "/basket", {"product": 3}, first)
    assert content(ask(shop, "GET", "/basket", cookie=second))["items"] == []


def test_a_log_out_ends_the_session(shop: Shop) -> None:
    cookie = logged_in(shop)
    ask(shop, "POST", "/logout", cookie=cookie)
    assert ask(shop, "GET", "/basket", cookie=cookie).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("body", [[], "x", {"product": []}, {"product": 0}, {"product": 1, "quantity": "2"}])
def test_a_senseless_body_is_an_error_of_the_client(shop: Shop, body: object) -> None:
    assert 400 <= ask(shop, "POST", "/basket", body, logged_in(shop)).status < 500
    assert shop.respond("POST", "/login", b"{broken", "")[1].status == HTTPStatus.BAD_REQUEST


def test_about_one_check_out_in_a_hundred_fails_and_keeps_the_basket(shop: Shop) -> None:
    cookie = logged_in(shop)
    statuses = []
    for _ in range(2_000):
        ask(shop, "POST", "/basket", {"product": 1}, cookie)
        statuses.append(ask(shop, "POST", "/checkout", cookie=cookie).status)
    assert set(statuses) == {HTTPStatus.CREATED, HTTPStatus.INTERNAL_SERVER_ERROR}
    assert 5 <= statuses.count(HTTPStatus.INTERNAL_SERVER_ERROR) <= 45


def test_the_shops_own_counts_are_by_route_and_leave_themselves_out(shop: Shop) -> None:
    for target in ("/product/1", "/product/2", "/product/0", "/nowhere", "/stats"):
        ask(shop, "GET", target)
    stats = content(ask(shop, "GET", "/stats"))
    assert (stats["requests"], stats["failures"]) == (4, 2)
    assert stats["routes"] == [
        {"method": "GET", "name": "(other)", "requests": 1, "failures": 1, "statuses": {"404": 1}},
        {
            "method": "GET",
            "name": "/product/[id]",
            "requests": 3,
            "failures": 1,
            "statuses": {"200": 2, "404": 1},
        },
    ]


def test_waits_lie_round_their_median_with_a_slow_tail() -> None:
    rng = random.Random(1)
    latency = Latency(median_ms=20, slow=0.02, slow_factor=10)
    waits = [latency.draw(rng) * 1000 for _ in range(20_000)]
    assert statistics.median(waits) == pytest.approx(20, rel=0.05)
    assert sum(wait > 80 for wait in waits) == pytest.approx(0.02 * len(waits), rel=0.25)
    assert max(Latency(5_000).draw(rng) for _ in range(100)) == LONGEST_S
