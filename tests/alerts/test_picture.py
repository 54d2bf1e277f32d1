"""The picture of the last hours: small, whole, and never in the way of the e-mail."""

import zlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import picture
from alerts.catalogue import LANGUAGES
from alerts.channels.email import compose
from alerts.letter import rendered
from alerts.posts import rendered as read
from alerts.rendering import picture_id
from alerts.types import Counts, DigestKind, LastHours
from tests import make
from tests.alerts.test_letter import ZONE

UTC = ZoneInfo("UTC")
COUNTS = st.builds(lambda total, angry: Counts(total=total, angry=angry), st.integers(0, 10**9), st.integers(0, 10**9))


def pixels(png: bytes) -> list[bytes]:
    """Return the rows of a picture, a byte a pixel."""
    start = png.index(b"IDAT") + 4
    raw = zlib.decompress(png[start : png.index(b"IEND") - 8])
    return [raw[at + 1 : at + 1 + picture.WIDTH] for at in range(0, len(raw), picture.WIDTH + 1)]


@given(hours=st.lists(COUNTS, max_size=200))
def test_any_counts_give_a_small_whole_picture(hours: list[Counts]) -> None:
    made = picture.png(hours)

    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(made) <= 30_000
    assert [len(row) for row in pixels(made)] == [picture.WIDTH] * picture.HEIGHT


def test_the_highest_hour_fills_it_and_anger_is_a_part() -> None:
    rows = pixels(picture.png([Counts(total=1), Counts(total=100, angry=50)]))
    columns = list(zip(*rows, strict=True))

    assert max(columns[picture.WIDTH * 3 // 4].count(colour) for colour in (2, 3)) >= picture.HEIGHT * 0.4
    assert columns[picture.WIDTH * 3 // 4].count(0) == 0
    assert columns[picture.WIDTH // 4].count(2) == 4


def hours(*counts: Counts) -> LastHours:
    return LastHours(counts=counts or (Counts(total=3, angry=1),) * 24, until=make.NOW)


def test_the_e_mail_carries_it_inline_and_says_it_in_words() -> None:
    mail = compose(make.message(hours=hours()), sender="a@alerts.test", domain="alerts.test", zone=ZONE, now=make.NOW)
    [drawn] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    [html] = [part for part in mail.walk() if part.get_content_type() == "text/html"]
    plain = mail.get_body(("plain",))
    said = "The last 24 hours: 72 mentions, 24 of them angry; at most 3 in an hour."

    assert (drawn["Content-ID"], drawn.get_content_disposition()) == (f"<{picture_id(0)}>", "inline")
    assert f'src="cid:{picture_id(0)}" alt="{said}"' in html.get_content()
    assert plain is not None
    assert said in plain.get_content()
    assert mail.get_content_type() == "multipart/alternative"


def test_a_page_shows_it_without_asking_for_anything() -> None:
    page = rendered(make.message(hours=hours()), zone=ZONE).page

    assert "cid:" not in page
    assert 'src="data:image/png;base64,' in page


@pytest.mark.parametrize("broken", [LastHours(counts=(None,), until=make.NOW)])  # type: ignore[arg-type]  # on purpose
def test_what_cannot_be_drawn_leaves_the_e_mail_without(broken: LastHours) -> None:
    letter = rendered(make.message(hours=broken), zone=ZONE)

    assert letter.pictures == ()
    assert "<img" not in letter.html
    assert "Why it was flagged" in letter.text


@pytest.mark.parametrize("kind", list(DigestKind))
def test_a_report_draws_each_brand_of_which_something_was_said(kind: DigestKind) -> None:
    steps = (*(Counts(total=n, angry=n // 2) for n in range(24)),)
    silent = make.brand_digest(brand="Silent", counts=Counts(), steps=(Counts(),) * 24)
    brands = (make.brand_digest(brand="One", steps=steps), silent, make.brand_digest(brand="Two", steps=steps))
    for language in LANGUAGES:
        contact = make.contact(language=language)
        post = make.digest(kind=kind, brands=brands, contact=contact)
        mail = compose(post, sender="earshot@alerts.test", domain="alerts.test", zone=UTC, now=make.NOW)
        html, *drawn = list(list(mail.iter_parts())[1].iter_parts())

        assert [one["Content-ID"] for one in drawn] == [f"<{picture_id(n)}>" for n in range(2)]
        assert all(f'src="cid:{picture_id(n)}"' in html.get_content() for n in range(2))
        assert "23" in read(post, zone=UTC).text
        assert "cid:" not in read(post, zone=UTC).page
