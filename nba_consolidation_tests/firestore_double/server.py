"""The server: its port, its databases, and the control call through which another process plans faults."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc  # type: ignore[import-untyped]

from nba_consolidation_tests.firestore_double.database import Clock, Database, Rejected
from nba_consolidation_tests.firestore_double.faults import Fault
from nba_consolidation_tests.firestore_double.remote import CONTROL, DEFAULT_DATABASE, METHOD
from nba_consolidation_tests.firestore_double.service import FirestoreService

_THREADS = 256  # every open stream takes one


class FirestoreDouble:
    """Serves during the block, on `port` of loopback (0: any free port).

    A database that was not created with `add` is missing, unless databases are created `on_demand`.
    """

    def __init__(self, port: int = 0, *, on_demand: bool = False) -> None:
        self._on_demand = on_demand
        self._databases: dict[str, Database] = {}
        self._adding = threading.Lock()
        self._restarting = threading.Lock()
        self._resets: list[threading.Thread] = []
        self._server, self._port = self._start(port)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        for reset in self._resets:
            reset.join()
        self._server.stop(None).wait()

    def add(self, path: str = DEFAULT_DATABASE, *, clock: Clock | None = None) -> Database:
        """A new, empty database; it replaces one with the same path."""
        self._databases[path] = Database(clock)
        return self._databases[path]

    def find(self, path: str) -> Database:
        with self._adding:
            if path not in self._databases and self._on_demand:
                self.add(path)
        try:
            return self._databases[path]
        except KeyError:
            raise Rejected("NOT_FOUND", f"The database {path} does not exist.") from None

    def reset_connections(self) -> None:
        """Break all connections and streams, and listen again at once; the data is kept."""
        reset = threading.Thread(target=self._restart)
        self._resets.append(reset)
        reset.start()

    def wait_for_termination(self) -> None:
        while True:  # a reset replaces the server
            self._server.wait_for_termination()

    def _restart(self) -> None:
        with self._restarting:  # the new server listens before the old one stops, so that no connection is refused
            old, (self._server, self._port) = self._server, self._start(self._port)
            old.stop(None).wait()

    def _start(self, port: int) -> tuple[Any, int]:
        service = FirestoreService(self.find, self.reset_connections)
        control = grpc.unary_unary_rpc_method_handler(self._control)
        server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 1)])
        server.add_generic_rpc_handlers(
            (service.handler(), grpc.method_handlers_generic_handler(CONTROL, {METHOD: control}))
        )
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        return server, port

    def _control(self, request: bytes, context: Any) -> bytes:
        """Carries out a command of a RemoteDouble."""
        command = json.loads(request)
        database = self.find(command["database"])
        for fault in command.get("add_faults", ()):
            database.faults.add(Fault(**fault))
        if command.get("clear_faults"):
            database.faults.clear()
        database.clock.advance(command.get("advance", 0.0))
        if command.get("reset_connections"):
            context.add_callback(self.reset_connections)  # after this reply is sent
        return json.dumps({"calls": database.calls}).encode()
