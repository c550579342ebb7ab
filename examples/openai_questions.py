"""People who ask a language model: -H http://127.0.0.1:8000/v1, and OPENAI_API_KEY in the environment."""

from swarm import constant, task
from swarm.contrib.oai import OpenAIUser


class Asker(OpenAIUser):
    wait_time = constant(0.1)

    @task
    def ask(self):
        question = "What do bees make?"
        self.client.responses.create(model="plain", input=question)
        with self.client.rename_request("streamed"):
            messages = [{"role": "user", "content": question}]
            stream = self.client.chat.completions.create(model="plain", messages=messages, stream=True)
            self.answer = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
