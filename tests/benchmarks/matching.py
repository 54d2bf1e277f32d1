"""Which of thousands of brands a post is about: one pass, beside asking every brand in turn."""

import time
from collections.abc import AsyncIterator
from random import Random

from alerts import brands, query
from alerts.brands import BrandTerms, WatchedBrand
from alerts.matching import BrandMatcher, post_of
from alerts.query_match import FoldedPost
from alerts.types import BrandId
from collectors.types import Mention
from tests import make
from tests.benchmarks.budget import Line

_BRANDS, _POSTS, _POSTS_ASKED_IN_TURN = 2_000, 10_000, 100
_HAN = "天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏閏餘成歲律呂調陽雲騰致雨露結為霜金生麗水玉出崑岡"
_THAI = "กขคงจชซดตถทนบปผพมยรลวสหอ"
_LATIN = "aeioubcdfghklmnprstvwz"
_TALK = (
    "排了很久才輪到，湯頭不錯，店員也親切，只是座位有點擠。",
    "The noodles were fine, but the waiter laughed at us and the soup was cold. ",
    "ก๋วยเตี๋ยวอร่อยดี แต่บริการช้ามาก รอนานเกินไป ",
)


def _name(random: Random) -> str:
    letters, length = random.choice([(_HAN, 3), (_THAI, 6), (_LATIN, 7)])
    return "".join(random.choices(letters, k=length))


def _watched(random: Random) -> list[WatchedBrand]:
    """Return brands with an alias in another script; every fourth with a query, every fifth with context."""
    made = []
    for number in range(1, _BRANDS + 1):
        name, alias = _name(random), _name(random)
        asked = f'{name} NEAR/10 (soup OR 湯 OR ซุป) OR "{name} official"' if number % 4 == 0 else None
        context = ("noodle*", "湯", "บริการ") if number % 5 == 0 else ()
        terms = BrandTerms(name=name, query=asked, aliases=(alias,), context=context, exclude=("lottery",))
        made.append(WatchedBrand(id=BrandId(number), terms=terms))
    return made


def _posts(random: Random, watched: list[WatchedBrand]) -> list[Mention]:
    """Return posts of about 300 characters, every third with a brand's name in it."""
    posts = []
    for number in range(_POSTS):
        talk = random.choice(_TALK)
        words = talk * (300 // len(talk))
        if number % 3 == 0:
            words = f"{words[:100]} {random.choice(watched).terms.name} {words[100:]}"
        posts.append(make.mention(id=str(number), text=words))
    return posts


async def measure() -> AsyncIterator[Line]:
    """Yield how many posts a second are matched."""
    random = Random(7)
    watched = _watched(random)
    posts = _posts(random, watched)
    matcher = BrandMatcher(watched)
    began = time.perf_counter()
    found = [matcher.about(post_of(one, "Forum")) for one in posts]
    rate = _POSTS / (time.perf_counter() - began)
    queries = [(one.id, brands.query_of(one.terms)) for one in watched]
    began = time.perf_counter()
    for one, about in zip(posts[:_POSTS_ASKED_IN_TURN], found, strict=False):
        folded = FoldedPost(post_of(one, "Forum"))
        assert [brand_id for brand_id, asked in queries if query.matches(asked, folded)] == about
    in_turn = _POSTS_ASKED_IN_TURN / (time.perf_counter() - began)
    hits = sum(map(len, found))
    what = f"match {_BRANDS:,} brands, {_POSTS:,} posts ({hits:,} hits), against {in_turn:,.0f}/s asked in turn"
    yield Line(what=what, budget="≥ 15,000/s", measured=f"{rate:,.0f}/s", holds=rate >= 15_000)
