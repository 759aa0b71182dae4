"""Mail that a server really takes, and a message that the real Slack client really posts; and what fails quietly."""

from __future__ import annotations

import pytest

from nba_consolidation.operations.alerts import notifiers
from nba_consolidation.operations.alerts.grouping import Alert
from nba_consolidation.operations.alerts.notifiers import EmailNotifier, NotSent, SlackNotifier
from nba_consolidation.orchestration.sensors.alerts import notifiers_of
from nba_consolidation.settings import Settings, SettingsError
from nba_consolidation_tests.operations.alerts.servers import MailServer, SilentServer, SlackServer, serving

ALERT = Alert("volume", "error", ("2026-01-15",), ("5 <active> & few",), ("run-1",))
URL = "https://dagster.example"


def slack(server: SlackServer) -> SlackNotifier:
    from slack_sdk import WebClient

    return SlackNotifier(lambda: WebClient("xoxb-secret", base_url=server.url, timeout=60), "#alerts", URL)


def test_a_mail_arrives_whole_at_every_address() -> None:
    server = MailServer()
    with serving(server):
        EmailNotifier("127.0.0.1", "nba@x.org", ("a@x.org", "b@x.org"), "none", server.port, webserver_url=URL).send(
            ALERT
        )
    (mail,) = server.mails
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        "[error] volume: 2026-01-15",
        "nba@x.org",
        "a@x.org, b@x.org",
    )
    assert server.recipients == ["a@x.org", "b@x.org"]
    assert "5 <active> & few" in mail.get_content()
    assert f"{URL}/runs/run-1" in mail.get_content()


@pytest.mark.parametrize("fault", ["refuses", "is gone", "has no tls"])
def test_a_mail_that_cannot_be_sent_says_so_without_the_password(fault: str) -> None:
    server = MailServer()
    server.refuses = fault == "refuses"
    security = "starttls" if fault == "has no tls" else "none"
    notifier = EmailNotifier(
        "127.0.0.1", "n@x.org", ("a@x.org",), security, server.port, None if fault == "refuses" else "me", "pass-word"
    )
    with serving(server):
        if fault != "is gone":
            with pytest.raises(NotSent, match=r"e-mail through 127\.0\.0\.1") as refused:
                notifier.send(ALERT)
            assert "pass-word" not in str(refused.value)
    if fault == "is gone":
        with pytest.raises(NotSent, match="ConnectionRefused"):
            notifier.send(ALERT)


def test_a_message_is_posted_by_slacks_own_client_and_none_of_it_is_markup() -> None:
    server = SlackServer()
    with serving(server):
        slack(server).send(ALERT)
    (message,) = server.messages
    assert (message["path"], message["channel"]) == ("/api/chat.postMessage", "#alerts")
    assert message["text"].startswith("[error] volume: 2026-01-15\n5 &lt;active&gt; &amp; few")
    assert str(message["mrkdwn"]).lower() in ("false", "0")


def test_what_slack_refuses_is_not_sent_and_names_its_reason_and_no_token() -> None:
    server = SlackServer()
    server.error = "channel_not_found"
    with serving(server), pytest.raises(NotSent, match="channel_not_found") as refused:
        slack(server).send(ALERT)
    assert "xoxb" not in str(refused.value)


def test_a_mail_server_that_hangs_is_left_after_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifiers, "TIMEOUT", 0.2)
    server = SilentServer()
    with serving(server), pytest.raises(NotSent, match="timed out"):
        EmailNotifier("127.0.0.1", "n@x.org", ("a@x.org",), "none", server.port).send(ALERT)
    assert server.connections == 1


def test_the_client_of_slack_waits_no_longer_than_a_tick_has_time_for() -> None:
    (notifier,) = notifiers_of(Settings(slack_token="xoxb-1", slack_channel="#a"))
    assert isinstance(notifier, SlackNotifier)
    assert vars(notifier.make_client())["timeout"] == notifiers.TIMEOUT


def test_the_settings_choose_the_channels_and_the_log_is_what_remains() -> None:
    assert [notifier.name for notifier in notifiers_of(Settings())] == ["log"]
    both = Settings(
        slack_token="xoxb-1", slack_channel="#a", alert_emails=("a@x.org",), smtp_host="h", smtp_sender="n@x.org",
        smtp_password="pass-word",
    )  # fmt: skip
    assert [notifier.name for notifier in notifiers_of(both)] == ["slack", "email"]
    assert "xoxb-1" not in repr(both) + repr(notifiers_of(both)[1])
    assert "pass-word" not in repr(both) + repr(notifiers_of(both)[1])


@pytest.mark.parametrize(
    "options",
    [{"slack_token": "x"}, {"slack_channel": "x"}, {"alert_emails": ("a@x.org",)},
     {"alert_emails": ("a@x.org",), "smtp_host": "h"}],
)  # fmt: skip
def test_half_a_channel_is_refused_with_the_variable_that_is_missing(options: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="needs it to send alerts"):
        Settings(**options)  # type: ignore[arg-type]
