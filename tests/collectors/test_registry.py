"""Kinds of source and what they need to be told."""

import subprocess
import sys

import pytest

from collectors.errors import SettingError
from collectors.registry import check, collector, kinds, pushed, receiver, settings_of, signed_by, state_of


@pytest.mark.parametrize("kind", kinds())
def test_every_polled_kind_has_a_collector(kind: str) -> None:
    assert callable(collector(kind).collect)


def test_the_feed_needs_an_address() -> None:
    assert [setting.key for setting in settings_of("feed") if setting.required] == ["url"]


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("feed", {}, "url: is required"),
        ("feed", {"url": " "}, "url: is required"),
        ("feed", {"url": "ftp://x.example/"}, "url: only http and https.*https://forum"),
        ("feed", {"url": "x.example/rss"}, "url: only http and https"),
        ("feed", {"url": "http://127.0.0.1/rss"}, "url: .*allow private addresses"),
        ("feed", {"url": "http://x.example/", "ulr": "y"}, r"ulr: feed has no such setting; did you mean url\?"),
        ("feed", {"url": "http://x.example/", "qqq": "y"}, "qqq: .*; use url, site"),
        ("feed", {"url": "http://x.example/", "zone": "Asia/Taipeh"}, r"zone: .*did you mean Asia/Taipei\?"),
        ("feed", {"url": "http://x.example/", "zone": "../../etc/passwd"}, "zone: there is no time zone"),
        ("import", {"zone": "somewhere"}, "zone: there is no time zone 'somewhere'"),
        ("fed", {}, r"kind: there is no kind 'fed'; did you mean feed\?"),
    ],
)
def test_a_wrong_setting_names_its_field_and_the_remedy(kind: str, settings: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        check(kind, settings)


def test_right_settings_pass() -> None:
    check("feed", {"url": "https://x.example/rss"})
    check("import", {"zone": "Asia/Bangkok"})
    check("feed", {"url": "https://x.example/rss", "zone": " Asia/Taipei "})
    check("feed", {"url": "http://127.0.0.1:8765/rss", "site": "Ours"}, allow_private=True)


def test_only_kinds_that_are_polled_are_offered() -> None:
    with pytest.raises(SettingError, match="use feed, ") as nope:
        check("nope", {})

    assert "import" not in str(nope.value)


@pytest.mark.parametrize("kind", pushed())
def test_every_kind_that_is_sent_to_us_has_a_receiver_and_a_secret(kind: str) -> None:
    assert callable(receiver(kind).receive)
    assert kind == "feed" or signed_by(kind) in {setting.key for setting in settings_of(kind) if setting.secret}


def test_what_only_polls_has_no_receiver() -> None:
    with pytest.raises(SettingError, match="sends nothing to us"):
        receiver("steam")


def test_what_is_not_polled_has_no_collector() -> None:
    with pytest.raises(SettingError, match="not polled"):
        collector("import")


def test_no_parser_is_loaded_to_show_a_form_or_to_poll() -> None:
    program = "import sys, collectors.registry as r; r.collector('feed'); print('feedparser' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_says_how_far_it_was_tried(kind: str) -> None:
    assert state_of(kind).tried
