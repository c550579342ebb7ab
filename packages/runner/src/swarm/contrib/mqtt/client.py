"""`MqttClient`: a paho client whose calls are counted, and that waits on Swarm's event loop."""

from __future__ import annotations

import logging
import time
import uuid
import warnings
from typing import TYPE_CHECKING, Any

import gevent
from gevent.lock import RLock

from swarm.contrib.mqtt.callbacks import Watched, error_of, guarded, number_of
from swarm.contrib.mqtt.pump import Pump
from swarm.contrib.reporting import Call, Reporter
from swarm.extras import from_extra

with from_extra("mqtt", "swarm.contrib.mqtt"):
    from paho.mqtt import MQTTException
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.properties import Properties
    from paho.mqtt.subscribeoptions import SubscribeOptions

    from swarm.environment import Environment

    Topics = (
        str
        | tuple[str, int]
        | tuple[str, SubscribeOptions]
        | list[tuple[str, int]]
        | list[tuple[str, SubscribeOptions]]
    )

REQUEST_TYPE = "MQTT"
SUBACK_FAILURE = 0x80
"""From here on the codes of a subscription's answer say no."""
SENT_LATER = (MQTTErrorCode.MQTT_ERR_NO_CONN, MQTTErrorCode.MQTT_ERR_CONN_LOST)
"""Answers with which paho keeps a message of QoS 1 or 2 for the next connection."""
FIRST_CONNECTION_S = 30.0
"""How long the first publish or subscribe waits for the connection that is being made."""

logger = logging.getLogger("swarm.contrib")


class MqttClient(paho.Client):
    """A paho client that reports its calls and runs on Swarm's event loop.

    Counted are `connect` (from dialling to the broker's answer, each attempt), `publish`, `subscribe`, and each
    end of a connection as `disconnect`. Callbacks are assigned as paho's documentation has it, with the
    signatures of its callback API version 1 unless `callback_api_version` is given. `loop_start` starts no
    thread. A connection that is lost is made again, after `reconnect_delays`.
    """

    reconnect_delays = (1.0, 30.0)
    """Seconds between two attempts to connect: at first, and at most; they double from one to the next."""

    on_connect = Watched("_swarm_on_connect")
    on_disconnect = Watched("_swarm_on_disconnect")
    on_publish = Watched("_swarm_on_publish")
    on_subscribe = Watched("_swarm_on_subscribe")
    on_message = Watched()
    on_unsubscribe = Watched()
    on_socket_open = Watched("_swarm_on_socket_open")
    on_socket_close = Watched("_swarm_on_socket_close")

    def __init__(
        self,
        *args: Any,
        environment: Environment,
        client_id: str | None = None,
        protocol: MQTTProtocolVersion = paho.MQTTv311,
        use_loop_selectors: bool = False,  # noqa: ARG002  Locust's; here any number of clients can be waited for
        **kwargs: Any,
    ) -> None:
        """Make a client that reports to `environment`; the other arguments are those of paho's client.

        Without a `client_id` it has a random one.
        """
        self._swarm_pump: Pump | None = None
        self._swarm_waiting: dict[int, tuple[Call, bool]] = {}  # by message id; whether paho sends it again
        self._swarm_connect: Call | None = None
        self._swarm_dialling = RLock()
        self._swarm_leaving = False
        self._swarm_gone = False
        self._swarm_met = False
        self.swarm_reporter = Reporter(environment.events.request, close=self._swarm_close)
        self._swarm_context = {"client_id": client_id or f"swarm-{uuid.uuid4().hex[:16]}"}
        options: dict[str, Any] = {
            "client_id": self._swarm_context["client_id"],
            "protocol": protocol,
            **kwargs,
        }
        if not args:
            options.setdefault("callback_api_version", CallbackAPIVersion.VERSION1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Callback API version 1", DeprecationWarning)
            super().__init__(*args, **options)

    def publish(
        self,
        topic: str,
        payload: paho.PayloadType = None,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> paho.MQTTMessageInfo:
        """Publish a message, as paho's `publish`, and count it when the broker has it.

        The first one waits for the connection, which is not counted. Raises ValueError for a topic or a
        quality of service that is none.
        """
        if not self._swarm_may_begin():
            refused = paho.MQTTMessageInfo(0)
            refused.rc = MQTTErrorCode.MQTT_ERR_NO_CONN
            return refused
        size = len(payload) if isinstance(payload, (bytes, bytearray)) else len(str(payload or "").encode())
        call = self._swarm_begin("publish", qos, topic, payload_size=size)
        try:
            info = super().publish(topic, payload, qos, retain, properties)
        except ValueError as error:
            call.end(error)
            raise
        is_kept = qos > 0 and info.rc in SENT_LATER
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS and not is_kept:
            call.end(error_of(info.rc))
            return info
        call.request["response_length"] = size
        if not is_kept and info.is_published():
            call.end()
        else:
            self._swarm_waiting[info.mid] = call, qos > 0
            self._swarm_write_rest()
        return info

    def subscribe(
        self,
        topic: Topics,
        qos: int = 0,
        options: SubscribeOptions | None = None,
        properties: Properties | None = None,
    ) -> tuple[MQTTErrorCode, int | None]:
        """Subscribe to a topic or several, as paho's `subscribe`, and count it when the broker has answered."""
        if not self._swarm_may_begin():
            return MQTTErrorCode.MQTT_ERR_NO_CONN, None
        call = self._swarm_begin("subscribe", qos, _named(topic))
        try:
            code, mid = super().subscribe(topic, qos, options, properties)
        except ValueError as error:
            call.end(error)
            raise
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS and mid is not None:
            self._swarm_waiting[mid] = call, False
            self._swarm_write_rest()
        else:
            call.end(error_of(code))
        return code, mid

    def unsubscribe(self, *args: Any, **kwargs: Any) -> tuple[MQTTErrorCode, int | None]:
        """Unsubscribe, as paho's `unsubscribe`; it is not counted."""
        answer = super().unsubscribe(*args, **kwargs)
        self._swarm_write_rest()
        return answer

    def reconnect(self) -> MQTTErrorCode:
        """Connect to the broker that `connect` or `connect_async` named; counted when it has answered.

        Raises OSError when there is no connection, which is counted, too.
        """
        with self._swarm_dialling:
            self._swarm_leaving = False
            if self._swarm_connect is None:
                name = self._generate_event_name("connect", 0, "")
                self._swarm_connect = self.swarm_reporter.begin(REQUEST_TYPE, name, dict(self._swarm_context))
            try:
                return super().reconnect()
            except Exception as error:
                self._swarm_connected(error)
                raise

    def disconnect(self, *args: Any, **kwargs: Any) -> MQTTErrorCode:
        """Leave the broker, as paho's `disconnect`, and do not come back by oneself."""
        self._swarm_leaving = True
        answer = super().disconnect(*args, **kwargs)
        self._swarm_write_rest()
        return answer

    def loop_start(self) -> MQTTErrorCode:
        """Keep the connection, from now on, in a greenlet."""
        if self._swarm_pump is not None:
            return MQTTErrorCode.MQTT_ERR_INVAL
        self._swarm_pump = Pump(self)
        if (socket := self.socket()) is not None:
            self._swarm_pump.watch(socket.fileno())
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def loop_stop(self) -> MQTTErrorCode:
        """End what `loop_start` began; the connection is left as it is."""
        if self._swarm_pump is None:
            return MQTTErrorCode.MQTT_ERR_INVAL
        self._swarm_pump.stop()
        self._swarm_pump = None
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def wants_connection(self) -> bool:
        """Whether a connection is to be made again when there is none."""
        return bool(self.host) and not self._swarm_leaving

    def has_more(self) -> bool:
        """Whether bytes are read and not looked at yet, of which the socket will not tell."""
        pending = getattr(self.socket(), "pending", None)
        return pending is not None and pending() > 0

    def is_in_pump(self) -> bool:
        """Whether it is the client's own greenlet that asks: a callback runs there."""
        pump = self._swarm_pump
        return pump is not None and not pump.ended and pump.greenlet is gevent.getcurrent()

    def message_callback_add(self, sub: str, callback: Any) -> None:
        """Call `callback` for the messages of a subscription, as paho's `message_callback_add`."""
        super().message_callback_add(sub, guarded(self, callback))

    def _generate_event_name(self, event_type: str, qos: int, topic: str) -> str:
        """Return the name of a request: `publish:0:topic`, `subscribe:1:topic`, `connect`; for a file to override."""
        return f"{event_type}:{qos}:{topic}" if topic else event_type

    def _swarm_may_begin(self) -> bool:
        """Wait for the first connection; return whether a call may begin. Raises GreenletExit when it may not.

        In a callback it only says so: there, raising would end the connection with its greenlet.
        """
        if self.is_in_pump():
            return not self.swarm_reporter.halted
        self.swarm_reporter.check()
        pump = self._swarm_pump
        if pump is not None and not pump.settled.is_set():
            pump.settled.wait(FIRST_CONNECTION_S)
            self.swarm_reporter.check()
        return True

    def _swarm_begin(self, kind: str, qos: int, topic: str, **more: Any) -> Call:
        context = {**self._swarm_context, "qos": qos, "topic": topic, "start_time": time.time(), **more}
        return self.swarm_reporter.begin(REQUEST_TYPE, self._generate_event_name(kind, qos, topic), context)

    def _swarm_write_rest(self) -> None:
        if self._swarm_pump is not None and self.want_write():
            self._swarm_pump.write_later()

    def _swarm_on_connect(self, _flags: Any, code: Any, *_: Any) -> None:
        self._swarm_connected(None if code == 0 else error_of(code, paho.connack_string))

    def _swarm_on_disconnect(self, *args: Any) -> None:
        code = args[1] if self.callback_api_version == CallbackAPIVersion.VERSION2 else args[0]
        error = None if code == 0 else error_of(code)
        if self._swarm_connect is not None:
            self._swarm_connected(error or error_of(MQTTErrorCode.MQTT_ERR_CONN_LOST))
        elif self._swarm_met and not self._swarm_gone:
            name = self._generate_event_name("disconnect", 0, "")
            told = {"exception": error, "context": dict(self._swarm_context)}
            self._swarm_count(lambda: self.swarm_reporter.tell(REQUEST_TYPE, name, **told))
        self._swarm_met = False
        for mid in [mid for mid, (_, is_sent_again) in self._swarm_waiting.items() if not is_sent_again]:
            self._swarm_answered(mid, error or error_of(MQTTErrorCode.MQTT_ERR_CONN_LOST))

    def _swarm_on_publish(self, mid: int, code: Any = 0, *_: Any) -> None:
        self._swarm_answered(mid, error_of(code) if number_of(code) >= SUBACK_FAILURE else None)

    def _swarm_on_subscribe(self, mid: int, codes: Any, *_: Any) -> None:
        refused = [code for code in codes if number_of(code) >= SUBACK_FAILURE]
        self._swarm_answered(mid, MQTTException("The broker refused the subscription.") if refused else None)

    def _swarm_on_socket_open(self, socket: Any) -> None:
        if self._swarm_pump is not None:
            self._swarm_pump.watch(socket.fileno())

    def _swarm_on_socket_close(self, _socket: Any) -> None:
        if self._swarm_pump is not None:
            self._swarm_pump.unwatch()

    def _swarm_answered(self, mid: int, error: BaseException | None = None) -> None:
        call, _ = self._swarm_waiting.pop(mid, (None, False))
        if call is not None:
            self._swarm_count(lambda: call.end(error))

    def _swarm_connected(self, error: BaseException | None) -> None:
        """The attempt to connect has ended."""
        self._swarm_met = error is None
        call, self._swarm_connect = self._swarm_connect, None
        if call is not None:
            self._swarm_count(lambda: call.end(error))
        if self._swarm_pump is not None:
            self._swarm_pump.settled.set()

    def _swarm_count(self, count: Callable[[], None]) -> None:
        """Count something; a listener of the event may then steer the user, also from the client's own greenlet."""
        if self.is_in_pump():
            guarded(self, count)()
        else:
            count()

    def _swarm_close(self) -> None:
        """Leave, and tell nobody: the user has ended."""
        self._swarm_gone = True
        self._swarm_connect = None
        self._swarm_waiting.clear()
        self.loop_stop()
        self.disconnect()


def _named(topic: Topics) -> str:
    """Return the name of one topic or several."""
    if isinstance(topic, list):
        return ", ".join(one[0] for one in topic)
    return topic if isinstance(topic, str) else topic[0]
