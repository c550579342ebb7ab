from locust import MarkovTaskSet, SequentialTaskSet, TaskSet, User, task, transition, transitions
from locust.exception import StopUser


class Walk(MarkovTaskSet):
    @transition("shelf")
    def door(self):
        self.user.visit("door")

    @transitions({"till": 1})
    def shelf(self):
        self.user.visit("shelf")

    @transitions(["door"])
    def till(self):
        self.user.visit("till")
        self.interrupt(reschedule=False)


class Library(SequentialTaskSet):
    def on_start(self):
        self.user.visit("library opens")

    def on_stop(self):
        self.user.visit("library closes")

    @task
    def enter(self):
        self.user.visit("enter")

    @task
    class Shelf(TaskSet):
        @task
        def take(self):
            self.parent.user.visit("take")
            self.interrupt(reschedule=True)

    @task
    class Desk(SequentialTaskSet):
        @task(2)
        def read(self):
            self.user.visit("read")

        @task
        def back(self):
            self.user.visit("back")
            self.interrupt(reschedule=False)

    tasks = [Walk]

    @task
    def leave(self):
        self.user.visit("leave")
        self.schedule_task(self.end)

    def end(self):
        self.user.visit("end")
        raise StopUser


class Reader(User):
    tasks = [Library]

    def wait_time(self):
        self.visit("…")
        return 0.01

    def visit(self, place):
        print(place)

    def on_stop(self):
        self.environment.runner.quit()
