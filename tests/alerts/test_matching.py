"""Many brands are matched in one pass, as if each had been asked alone."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import brands, query
from alerts.brands import BrandTerms, WatchedBrand
from alerts.matching import BrandMatcher, post_of
from alerts.query_match import FoldedPost, Post
from alerts.types import BrandId
from collectors.types import Author
from tests import make


def _watched(*terms: BrandTerms) -> list[WatchedBrand]:
    return [WatchedBrand(id=BrandId(n), terms=one) for n, one in enumerate(terms, 1)]


def test_a_post_may_be_about_several_brands() -> None:
    matcher = BrandMatcher(_watched(BrandTerms(name="燈籠茶"), BrandTerms(name="Moon Tea"), BrandTerms(name="Rice")))

    assert matcher.about(Post(title="灯笼茶 or Moon Tea?")) == [1, 2]


def test_a_name_inside_anothers_is_found_too() -> None:
    matcher = BrandMatcher(_watched(BrandTerms(name="茶"), BrandTerms(name="燈籠茶"), BrandTerms(name="籠茶坊")))

    assert matcher.about(Post(text="燈籠茶坊")) == [1, 2, 3]


def test_what_copying_left_is_about_nobody() -> None:
    matcher = BrandMatcher(_watched(BrandTerms(name="燈籠茶")))

    assert matcher.about(post_of(make.mention(text="湯很冷\n文章來源：燈籠茶粉絲團"), "PTT")) == []
    assert matcher.about(post_of(make.mention(text="燈(dēng)籠(lóng)茶難喝"), "PTT")) == [1]


def test_a_query_may_ask_for_a_place_alone() -> None:
    matcher = BrandMatcher(_watched(BrandTerms(name="Tea", query='source:"tea forum"')))

    assert matcher.about(post_of(make.mention(), "Tea forum")) == [1]


@pytest.mark.parametrize(
    ("account", "author"),
    [
        ("@Lantern_Tea", Author(id="lantern_tea")),
        ("Lantern Tea 官方", Author(name="ＬＡＮＴＥＲＮ tea 官方")),
        ("https://social.example/@lantern/", Author(url="http://social.example/@lantern")),
        ("forum.example", Author()),
    ],
)
def test_the_brands_own_accounts_are_known(account: str, author: Author) -> None:
    matcher = BrandMatcher(_watched(BrandTerms(name="Lantern", own_accounts=(account,)), BrandTerms(name="Tea")))
    said = make.mention(author=author, site="forum.example")

    assert matcher.is_own(BrandId(1), said)
    assert not matcher.is_own(BrandId(2), said)
    assert not matcher.is_own(BrandId(1), make.mention(author=Author(id="someone"), site="other.example"))


def test_a_brand_that_cannot_be_read_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        matcher = BrandMatcher(_watched(BrandTerms(name="Tea", query="(tea"), BrandTerms(name="Soup")))

    assert matcher.about(Post(text="tea soup")) == [2]
    assert "cannot be looked for" in caplog.text


_QUERIES = st.sampled_from(
    ["tea", "soup OR 服務", "tea -soup", "te*", "服務 NEAR/2 tea", "site:ptt", "(tea OR soup) 差", '"tea soup"', "แย่"]
)


@given(
    asked=st.lists(_QUERIES, max_size=6),
    words=st.lists(st.sampled_from(["tea", "teapot", "soup", "服務", "差", "แย่", "steam"]), max_size=8),
    site=st.sampled_from(["ptt", "forum"]),
)
def test_one_pass_finds_what_asking_each_brand_finds(asked: list[str], words: list[str], site: str) -> None:
    watched = _watched(*(BrandTerms(name="X", query=one) for one in asked))
    post = Post(text=" ".join(words), site=site)
    alone = [one.id for one in watched if query.matches(brands.query_of(one.terms), FoldedPost(post))]

    assert BrandMatcher(watched).about(post) == alone
