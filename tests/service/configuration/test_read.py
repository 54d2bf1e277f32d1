"""Every mistake in a file is named with file, line and remedy."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.configuration.read import BrandEntry, Configuration, ConfigurationError, parse, read
from service.configuration.write import written

EXAMPLE = Path(__file__).parents[3] / "earshot.example.toml"

GOOD = """\
[[brand]]
name = "Lantern Tea"

[[source]]
brand = "Lantern Tea"
name = "Forum"
kind = "feed"
interval = "5m"
[source.settings]
url = "https://forum.example/rss"

[[contact]]
name = "On call"
email = "oncall@example.com"

[[rule]]
name = "Angry"
kind = "angry_mention"
contacts = ["On call"]
[rule.settings]
threshold = 0.8
"""


def test_the_commented_example_works() -> None:
    found = read(EXAMPLE)

    assert [brand.name for brand in found.brand] == ["Lantern Tea"]


@pytest.mark.parametrize(
    ("change", "line", "part"),
    [
        (('kind = "feed"', 'kind = "fed"'), 7, "source.kind"),
        (('interval = "5m"', 'interval = "5 weeks"'), 8, "such as '5m'"),
        (('interval = "5m"', 'interval = "1s"'), 8, "between '5s' and '30d'"),
        (('url = "https://forum.example/rss"', 'url = "ftp://forum.example"'), 10, "url"),
        (('url = "https', 'adress = "https'), 10, "adress"),
        (('brand = "Lantern Tea"', 'brand = "Lantern"'), 5, "there is no [[brand]] named 'Lantern'"),
        (('email = "oncall@example.com"', 'email = "oncall"'), 14, "contact.email"),
        (('email = "oncall@example.com"', ""), 12, "contact.email: is missing"),
        (('contacts = ["On call"]', 'contacts = ["Nobody"]'), 19, "there is no [[contact]] named 'Nobody'"),
        (("threshold = 0.8", "threshold = 8"), 21, "threshold"),
        (('name = "Angry"', 'name = "Angry"\ncolour = "red"'), 18, "there is no such key"),
        (
            ('[[brand]]\nname = "Lantern Tea"', '[[brand]]\nname = "Lantern Tea"\n[[brand]]\nname = "Lantern Tea"'),
            4,
            "differ",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(change: tuple[str, str], line: int, part: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(GOOD.replace(*change, 1), name="earshot.toml")

    assert str(caught.value).startswith(f"earshot.toml:{line}: ")
    assert part in str(caught.value)


@pytest.mark.parametrize("kind", ["import"])
def test_a_kind_that_nothing_fills_by_itself_is_refused(kind: str) -> None:
    """It would be accepted and stay silent for ever."""
    with pytest.raises(ConfigurationError, match=rf"earshot\.toml:7: .*{kind} is not polled"):
        parse(GOOD.replace('kind = "feed"', f'kind = "{kind}"'), name="earshot.toml")


def test_a_file_that_is_no_toml_is_named_with_its_line() -> None:
    with pytest.raises(ConfigurationError, match=r"earshot\.toml: not TOML: .*line 2"):
        parse("[[brand]]\nname = = 1\n", name="earshot.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path / "nowhere.toml")


def test_what_is_written_reads_back_the_same() -> None:
    wanted = parse(GOOD, name="earshot.toml")

    assert parse(written(wanted), name="again.toml") == wanted


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(str.strip)


@given(names)
def test_any_name_survives_writing_and_reading(name: str) -> None:
    wanted = Configuration(brand=(BrandEntry(name=name),))

    assert parse(written(wanted), name="again.toml") == wanted


@given(st.text())
def test_any_text_is_a_configuration_or_a_named_mistake(text: str) -> None:
    mistake = None
    try:
        parse(text, name="earshot.toml")
    except ConfigurationError as error:
        mistake = str(error)

    assert mistake is None or mistake.startswith("earshot.toml:")


@pytest.mark.parametrize(
    ("lines", "at", "remedy"),
    [
        ('[[brand]]\nname = "T"\nquery = "tea ("\n', 3, "query: character 6"),
        ('[[brand]]\nname = "T"\nquery = "-tea"\n', 3, "add a word"),
        ('[[brand]]\nname = "T"\naliases = ["!"]\n', 3, "correct or remove"),
        ('[[brand]]\nname = "T"\ncontext = "tea"\n', 3, "in brackets"),
        ('[[source]]\nname = "F"\nkind = "feed"\nmatch = true\n', 4, "leave match away"),
    ],
)
def test_a_brand_that_cannot_be_looked_for_is_told_where(lines: str, at: int, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(remedy)) as caught:
        parse(lines, name="earshot.toml")

    assert f"earshot.toml:{at}:" in str(caught.value)


ON_CALL = """\
[[contact]]
name = "Mei"
email = "mei@example.com"

[[schedule]]
name = "Care"
zone = "Asia/Taipei"
layers = [
  { members = ["Mei"], starts = "2026-03-02T09:00", turn = "7d", weekdays = ["sat"], hours = "09:00-18:00" },
]

[[policy]]
name = "Care first"
steps = [{ on_call = ["Care"], wait = "10m" }]
last_resort = "Mei"

[[rule]]
name = "Angry"
kind = "angry_mention"
policy = "Care first"
"""


def test_schedules_and_policies_are_written_as_they_are_read() -> None:
    found = parse(ON_CALL, name="earshot.toml")

    assert parse(written(found), name="again") == found


def test_the_step_that_cannot_be_is_named_among_several() -> None:
    first, second = "[[policy.steps]]\non_call = ['Care']\nwait = '10m'\n", "[[policy.steps]]\nwait = '8d'\n"
    tables = ON_CALL.replace('steps = [{ on_call = ["Care"], wait = "10m" }]\n', "")
    with pytest.raises(ConfigurationError, match=r"earshot\.toml:20: wait"):
        parse(tables.replace("[[rule]]", f"{first}{second}[[rule]]"), name="earshot.toml")


@pytest.mark.parametrize(
    ("change", "line", "part"),
    [
        (("Asia/Taipei", "Taipei"), 7, "there is no zone 'Taipei'"),
        (('"7d"', '"7 weeks"'), 8, "turn: is no duration"),
        (('members = ["Mei"]', 'members = ["Ann"]'), 8, "there is no contact named 'Ann'"),
        (("2026-03-02T09:00", "2026-03-02T09:00+08:00"), 8, "has an offset"),
        (('"sat"', '"Saturday"'), 8, "has no day 'Saturday'"),
        (("09:00-18:00", "09:00"), 8, "a start and an end"),
        (('on_call = ["Care"]', 'on_call = ["Cure"]'), 14, "there is no schedule named 'Cure'"),
        (('"10m"', '"10s"'), 14, "wait"),
        (('"10m" }]', '"10m" }]\nrepeats = 11'), 15, "repeats"),
        (('last_resort = "Mei"', 'last_resort = "Mei"\nack_timeout = "5m"'), 16, "ack_timeout: is from '10m' to '7d'"),
        (('last_resort = "Mei"', 'last_resort = "Mei"\nack_timeout = "soon"'), 16, "ack_timeout: is no duration"),
        (('last_resort = "Mei"', 'last_resort = "Ann"'), 15, "there is no [[contact]] named 'Ann'"),
        (('policy = "Care first"', 'policy = "Care"'), 20, "there is no [[policy]] named 'Care'"),
        (('policy = "Care first"', 'policy = "Care first"\ncontacts = ["Mei"]'), 20, "leave one of the two away"),
    ],
)
def test_a_mistake_about_who_is_on_call_is_named_with_its_line(change: tuple[str, str], line: int, part: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(ON_CALL.replace(*change), name="earshot.toml")

    assert f"earshot.toml:{line}:" in str(refused.value)
    assert part in str(refused.value)
