import time

import pytest


def test_catalogue(fastsession):
    response = fastsession.get("/catalogue")
    assert response.status_code == 200


@pytest.mark.parametrize("word", ["honey", "jam"])
def test_search(session, word):
    response = session.get("/search", params={"q": word}, name="/search")
    assert response.ok, response.text
    time.sleep(0.1)
