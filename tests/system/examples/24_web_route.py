import json

from flask import Blueprint, render_template, request
from locust import HttpUser, constant, events, task

lengths = {}


class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task(3)
    def json(self):
        self.client.get("/json")

    @task
    def page(self):
        self.client.get("/hello")


def count(name, length):
    lengths[name] = lengths.get(name, 0) + length


@events.request.add_listener
def on_request(name, response_length, **_kwargs):
    count(name, response_length)


@events.report_to_master.add_listener
def on_report_to_master(client_id, data):
    data["lengths"] = dict(lengths)
    lengths.clear()


@events.worker_report.add_listener
def on_worker_report(client_id, data):
    for name, length in data["lengths"].items():
        count(name, length)


@events.init.add_listener
def on_init(environment, **_kwargs):
    web_ui = environment.web_ui
    if not web_ui:
        return
    extend = Blueprint("extend", "extend_web_ui")

    @extend.route("/content-length")
    def content_length():
        return lengths

    @extend.route("/extend")
    def extended_page():
        web_ui.update_template_args()
        return render_template(
            "index.html",
            template_args={
                **web_ui.template_args,
                "extended_tabs": [{"title": "Content length", "key": "content-length"}],
                "extended_tables": [
                    {
                        "key": "content-length",
                        "structure": [
                            {"key": "name", "title": "Name"},
                            {"key": "content_length", "title": "Bytes in all"},
                        ],
                    }
                ],
            },
        )

    @web_ui.app.after_request
    def extend_stats(response):
        if request.path != "/stats/requests":
            return response
        rows = [{"name": name, "content_length": length} for name, length in lengths.items()]
        response.set_data(
            json.dumps({**response.json, "extended_stats": [{"key": "content-length", "data": rows}]})
        )
        return response

    web_ui.app.register_blueprint(extend)
