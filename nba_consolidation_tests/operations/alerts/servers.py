"""A mail server and a Slack of a test's own: they listen, and keep what they are sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as smtplib needs; `refuses` makes it turn every recipient away."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refuses = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].upper()
            if verb.startswith("QUIT"):
                self._say("221 bye")
                return
            if verb == "RCPT TO":
                self._say("550 nobody of that name" if self.server.refuses else "250 fine")
                self.server.recipients.append(line.partition(":")[2].strip("<> "))
            elif verb == "DATA":
                self._say("354 go on")
                self._take()
            else:
                self._say("250 fine")

    def _take(self) -> None:
        lines: list[str] = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        mail = message_from_string("".join(lines), _class=EmailMessage, policy=policy.default)
        self.server.mails.append(mail)
        self._say("250 kept")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class SilentServer(socketserver.ThreadingTCPServer):
    """Takes every connection, and never says a word."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Silence)
        self.connections = 0
        self.closing = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def server_close(self) -> None:
        self.closing.set()
        super().server_close()


class _Silence(socketserver.BaseRequestHandler):
    server: SilentServer

    def handle(self) -> None:
        self.server.connections += 1
        self.server.closing.wait(30)


class SlackServer(HTTPServer):
    """Answers chat.postMessage; `error` is what it says is wrong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.messages: list[dict[str, str]] = []
        self.error: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/"


class _Post(BaseHTTPRequestHandler):
    server: SlackServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = json.loads(body) if body.startswith("{") else {k: v[0] for k, v in parse_qs(body).items()}
        self.server.messages.append({"path": self.path, **fields})
        answer = {"ok": self.server.error is None, **({"error": self.server.error} if self.server.error else {})}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """A test is quiet."""


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
