"""Channels for alerts: Slack, e-mail and the log. An alert that cannot be sent raises NotSent and nothing else."""

from __future__ import annotations

import logging
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.observability import log_event
from nba_consolidation.operations.alerts.grouping import Alert, Outbox, Pending, after_attempt

_log = logging.getLogger(__name__)
TIMEOUT = 5
"""Seconds to wait for an answer of a channel."""
_BUDGET = 20.0
"""Seconds for all messages of a tick: Dagster gives a sensor one minute. The rest is sent by the next tick."""


class NotSent(ConsolidationError):
    """The message could not be sent. Its text never contains a password or a token."""


class Notifier(Protocol):
    """One channel, identified by its name."""

    @property
    def name(self) -> str: ...

    def send(self, alert: Alert) -> None:
        """Sends it, or raises NotSent."""


class SlackClient(Protocol):
    """The part of slack_sdk's WebClient that is used here."""

    def chat_postMessage(self, *, channel: str, text: str, mrkdwn: bool) -> object: ...  # noqa: N802  Slack's name


@dataclass(frozen=True)
class LogNotifier:
    """Writes alerts to the log: the default channel."""

    webserver_url: str | None = None
    name: str = "log"

    def send(self, alert: Alert) -> None:
        level = logging.ERROR if alert.severity == "error" else logging.WARNING
        log_event(_log, "alert", level, subject=alert.subject(), text=alert.text(self.webserver_url), cause=alert.cause)


@dataclass(frozen=True)
class SlackNotifier:
    """Sends alerts to a Slack channel."""

    make_client: Callable[[], SlackClient]
    channel: str
    webserver_url: str | None = None
    name: str = "slack"

    def send(self, alert: Alert) -> None:
        text = _escaped(f"{alert.subject()}\n{alert.text(self.webserver_url)}")
        try:
            self.make_client().chat_postMessage(channel=self.channel, text=text, mrkdwn=False)
        except Exception as error:  # any error of the client or the network
            raise NotSent(f"Slack, channel {self.channel}: {type(error).__name__}: {_reason(error)}") from error


@dataclass(frozen=True)
class EmailNotifier:
    """Sends alerts by SMTP, to all addresses in one message."""

    host: str
    sender: str
    addresses: Sequence[str]
    security: str = "starttls"
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    webserver_url: str | None = None
    name: str = "email"

    def send(self, alert: Alert) -> None:
        message = EmailMessage()
        message["Subject"] = " ".join(alert.subject().split())
        message["From"], message["To"] = self.sender, ", ".join(self.addresses)
        message.set_content(alert.text(self.webserver_url))
        try:
            with self._connected() as server:
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"e-mail through {self.host}: {type(error).__name__}: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        ports = {"ssl": smtplib.SMTP_SSL_PORT, "starttls": 587, "none": smtplib.SMTP_PORT}
        port = self.port or ports[self.security]
        if self.security == "ssl":
            return smtplib.SMTP_SSL(self.host, port, timeout=TIMEOUT, context=ssl.create_default_context())
        server = smtplib.SMTP(self.host, port, timeout=TIMEOUT)
        if self.security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def deliver(outbox: Outbox, notifiers: Sequence[Notifier], monotonic: Callable[[], float] = time.monotonic) -> Outbox:
    """Sends pending alerts; unsent ones stay for a limited number of attempts. Raises nothing.

    If a channel hangs and the time is used up, the alerts that were not tried come first next time.
    """
    by_name = {notifier.name: notifier for notifier in notifiers}
    began, left = monotonic(), deque(outbox.pending)
    for _ in outbox.pending:
        if monotonic() - began >= _BUDGET:
            break
        if (unsent := _attempted(left.popleft(), by_name)) is not None:
            left.append(unsent)
    return Outbox(outbox.sent, tuple(left))


def _attempted(pending: Pending, notifiers: dict[str, Notifier]) -> Pending | None:
    unreached = []
    for name in pending.channels:
        if name not in notifiers:
            continue  # no longer set
        try:
            notifiers[name].send(pending.alert)
        except NotSent as error:
            unreached.append(name)
            log_event(_log, "alert_not_sent", logging.WARNING, subject=pending.alert.subject(), error=error)
    left = after_attempt(pending, unreached)
    if left is None and unreached:
        log_event(_log, "alert_given_up", logging.ERROR, subject=pending.alert.subject(), channels=unreached)
    return left


def _escaped(text: str) -> str:
    """Escapes text for Slack, which even without `mrkdwn` reads `<...>` as a link or as a mention of everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _reason(error: Exception) -> str:
    """Returns Slack's error code (`channel_not_found`) if there is one."""
    response = getattr(error, "response", None)
    return str(error) if response is None else str(response["error"])
