"""Data for the users of a test: rows of files and queries, and fake data, each handed out once in the whole swarm.

from swarm.data import CsvFeed

accounts = CsvFeed("accounts.csv")

class Customer(FastHttpUser):
    def on_start(self):
        account = accounts.next()
        self.client.post("/login", json={"name": account["name"], "password": account["password"]})
"""

from swarm.data.attach import attach, on_init
from swarm.data.errors import FeedError
from swarm.data.faker_feed import FakerFeed
from swarm.data.feed import Feed, Row
from swarm.data.files import CsvFeed, JsonLinesFeed
from swarm.data.tables import IterableFeed, SqlFeed
from swarm.data.template import literal, provider, sequence, unique
from swarm.event import events

__all__ = [
    "CsvFeed",
    "FakerFeed",
    "Feed",
    "FeedError",
    "IterableFeed",
    "JsonLinesFeed",
    "Row",
    "SqlFeed",
    "attach",
    "literal",
    "provider",
    "sequence",
    "unique",
]

events.init.add_listener(on_init)
