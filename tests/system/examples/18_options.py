from locust import HttpUser, constant, events, task


@events.init_command_line_parser.add_listener
def add_options(parser):
    parser.add_argument("--tier", choices=["free", "gold"], default="free", help="the customers' tier")
    parser.add_argument("--region", type=str, env_var="SHOP_REGION", default="", help="where they are")
    parser.add_argument("--discount", type=int, default=0, help="percent")
    parser.add_argument("--api-key", is_secret=True, env_var="SHOP_API_KEY", default="", help="the key")
    parser.add_argument("--internal", include_in_web_ui=False, default="as ever")


@events.test_start.add_listener
def show_tier(environment, **kwargs):
    print("tier:", environment.parsed_options.tier)


class Customer(HttpUser):
    wait_time = constant(0.1)

    @task
    def shop(self):
        options = self.environment.parsed_options
        self.client.get(
            "/shop",
            params={"tier": options.tier, "region": options.region, "discount": options.discount},
            headers={"X-Key": options.api_key, "X-Internal": options.internal},
            name="/shop",
        )
