"""The shop's goods and customers: made once, before the first request, from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field

PRODUCTS = 500
CUSTOMERS = 1_000
WITHDRAWN_EVERY = 97
"""Each such product is still listed, but its page is gone: a shop has such links."""
PAGE = 20
PASSWORD = "honeycomb"  # noqa: S105  every customer's, and the locustfile's


@dataclass(frozen=True, slots=True)
class Product:
    """One thing on sale; the price is in cents."""

    id: int
    name: str
    price: int
    description: str

    def summary(self) -> dict[str, object]:
        """Return what a list shows of it."""
        return {"id": self.id, "name": self.name, "price": self.price}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All goods and the customers' names, by their numbers."""

    products: dict[int, Product]
    customers: dict[int, str]
    _by_word: dict[str, list[Product]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for product in self.products.values():
            for word in set(product.name.lower().split()):
                self._by_word.setdefault(word, []).append(product)

    def page(self, page: int) -> list[Product]:
        """Return a page of the list, from 1; empty after the last."""
        first = (page - 1) * PAGE + 1
        return [self.products[number] for number in range(first, first + PAGE) if number in self.products]

    def search(self, word: str) -> list[Product]:
        """Return the products with that word in their name, in any case."""
        return self._by_word.get(word.lower(), [])

    def is_withdrawn(self, product: Product) -> bool:
        """Whether the product is listed only."""
        return product.id % WITHDRAWN_EVERY == 0


def make(seed: int = 7) -> Catalogue:
    """Make the shop's data; the same seed gives the same shop."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(seed)
    products = {
        number: Product(
            id=number,
            name=f"{fake.color_name()} {fake.word(part_of_speech='noun').title()}",
            price=fake.random_int(199, 49_999),
            description=fake.paragraph(4),
        )
        for number in range(1, PRODUCTS + 1)
    }
    customers = {number: fake.name() for number in range(1, CUSTOMERS + 1)}
    return Catalogue(products, customers)
