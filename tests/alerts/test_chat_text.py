"""What a chat shows: the words of a post, which must not act there."""

from datetime import UTC, datetime

from alerts.channels.webhook import WebhookEvent
from alerts.channels.webhook_message import MentionTold, ToldMention
from alerts.chat_text import rendered

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_post_cannot_wake_everybody_in_the_chat() -> None:
    said = ToldMention(
        id=7,
        url="https://earshot.example/mentions/7",
        original_url=None,
        brand="Lantern Noodles",
        source="Forum",
        site="forum.example",
        author=None,
        said_at=NOW,
        title="@everyone",
        text="<!channel> it was cold",
        language="en",
        anger=0.9,
    )
    shown = rendered(MentionTold(type=WebhookEvent.ANGRY, timestamp=NOW, data=said), language="en")

    assert shown.title == "Someone is angry: Lantern Noodles"
    assert "@everyone" not in shown.text
    assert "<!channel>" not in shown.text
    assert "it was cold" in shown.text
    assert shown.text.endswith("\n\nhttps://earshot.example/mentions/7")
