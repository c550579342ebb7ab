"""requests and the patching of the process: which import has to come first."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.runner.requests.server import Server


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_swarm_before_requests_speaks_https_with_both(tls_server: Server, bundle: str) -> None:
    done = run(
        "import sys, swarm, requests\n"
        "from swarm.http.on_requests.session import HttpSession\n"
        "url, bundle = sys.argv[1:]\n"
        "print(requests.get(url + '/a', verify=bundle).status_code)\n"
        "print(HttpSession(url).get('/b', verify=bundle).status_code)\n",
        tls_server.url,
        bundle,
    )
    assert (done.stdout.split(), done.stderr) == (["200", "200"], "")


def test_requests_before_swarm_is_warned_of() -> None:
    done = run("import requests\nimport swarm\n")
    assert done.returncode == 0
    assert "urllib3 and ssl were imported before swarm" in done.stderr
    assert "put `import swarm` above `import requests` at the top of the file" in done.stderr


def test_swarm_alone_imports_no_requests() -> None:
    done = run("import sys, swarm; print('requests' in sys.modules, 'urllib3' in sys.modules)")
    assert done.stdout.split() == ["False", "False"]


def test_a_tracer_that_was_there_before_sees_every_request(server: Server) -> None:
    done = run(
        "import sys, swarm, requests\n"
        "send = requests.Session.send\n"
        "def traced(self, request, **options):\n"
        "    print(request.url)\n"
        "    return send(self, request, **options)\n"
        "requests.Session.send = traced\n"
        "from swarm.http.on_requests.session import HttpSession\n"
        "HttpSession(sys.argv[1]).get('/seen')\n",
        server.url,
    )
    assert done.stdout.strip() == server.url + "/seen"


def test_a_new_greenlet_is_served_while_a_request_waits(server: Server) -> None:
    done = run(
        "import swarm, sys, time, gevent\n"
        "from swarm.http.on_requests.session import HttpSession\n"
        "ticks = []\n"
        "gevent.spawn(lambda: ticks.append(1))\n"
        "HttpSession(sys.argv[1]).get('/')\n"
        "print(len(ticks))\n",
        server.url,
    )
    assert done.stdout.strip() == "1"
