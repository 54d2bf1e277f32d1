"""Near-duplicate stories: copies join, strangers do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.script import simplified
from analysis.stories import Signature, bands, same_story, signature, similarity

POSTS = {
    "zh-Hant": "昨天在信義店買的牛肉麵裡面吃到一根鐵絲，店長只說會再跟廚房講，連一句道歉都沒有。",
    "zh-Hans": "上周五买的电饭锅第一次用就冒烟，客服让我自己寄回去检测，运费还要我出。",
    "th": "เมื่อวานไปกินบะหมี่ที่สาขาสยาม เจอเส้นผมในชาม พนักงานบอกให้รอผู้จัดการแล้วก็หายไปเลย",
    "en": "Found a metal staple in my noodles at the harbour branch yesterday and the manager just shrugged at me.",
}
OTHERS = {
    "zh-Hant": "訂了三個月的沙發到現在還沒送來，客服每次都說下禮拜，根本就是在敷衍消費者。",
    "zh-Hans": "酒店空调坏了一晚上没人来修，前台态度还特别差，再也不会住了。",
    "th": "สั่งโซฟาไปสามเดือนยังไม่ได้ของ โทรไปก็บอกให้รออาทิตย์หน้าทุกที แย่มาก",
    "en": "Three months waiting for a sofa and every week support tells me it ships next week. Ridiculous.",
}


def signed(text: str) -> Signature:
    """Return the signature of a text that has one."""
    made = signature(text)
    assert made is not None
    return made


@pytest.mark.parametrize("post", POSTS.values(), ids=POSTS)
@pytest.mark.parametrize(
    "edit",
    [
        lambda post: post,
        lambda post: f"RT @noodle_news: {post}",
        lambda post: f"{post} https://t.co/Ab12Cd",
        lambda post: f"  {post.upper()} !!! 😡😡",
        lambda post: post.replace("，", ", ").replace("。", "."),
        lambda post: post[:-2] + "了" + post[-2:],
        "\u200b".join,
    ],
    ids=["copy", "retweet", "link", "shouted", "signs", "one letter more", "zero-width"],
)
def test_a_copy_with_small_changes_is_the_same_story(post: str, edit: object) -> None:
    assert callable(edit)
    copy = edit(post)

    assert same_story(signed(post), signed(copy))
    assert set(bands(signed(post))) & set(bands(signed(copy)))


def test_a_post_converted_to_simplified_is_the_same_story() -> None:
    post = POSTS["zh-Hant"]

    assert signed(simplified(post)) == signed(post)


@pytest.mark.parametrize("language", POSTS)
def test_two_unrelated_angry_posts_are_two_stories(language: str) -> None:
    assert not same_story(signed(POSTS[language]), signed(OTHERS[language]))


@pytest.mark.parametrize(
    ("one", "other"), [("垃圾", "拉圾"), ("bad!!!", "mad!!!"), ("ห่วย", "แย่"), ("烂", "坑"), ("no", "垃圾")]
)
def test_short_texts_are_one_story_only_when_they_say_the_same(one: str, other: str) -> None:
    assert same_story(signed(one), signed(f"{one}!!"))
    assert not same_story(signed(one), signed(other))
    assert not set(bands(signed(one))) & set(bands(signed(other)))


@pytest.mark.parametrize("text", ["", "   ", "😡😡😡", "!!!", "https://example.com/x", "@somebody"])
def test_a_text_without_letters_has_no_signature(text: str) -> None:
    assert signature(text) is None


def test_bands_fit_a_bigint_and_keep_their_places() -> None:
    found = bands(signed(POSTS["en"]))

    assert len(found) == 16
    assert all(-(2**63) <= band < 2**63 for band in found)
    assert found == bands(signed(POSTS["en"]))


def test_a_signature_never_changes() -> None:
    # It is stored: another version must find the stories of this one.
    assert signed("Never again, the soup was cold.")[:4] == (40877446, 15983103, 224171921, 270505685)


def test_signatures_of_different_make_have_nothing_in_common() -> None:
    assert similarity((1, 2), (1, 2, 3)) == 0
    assert similarity((), ()) == 0


def test_a_megabyte_is_signed() -> None:
    assert len(signed("好评如潮" * 250_000)) == 64


@given(st.text(max_size=300))
def test_any_text_has_a_signature_of_64_numbers_or_none(text: str) -> None:
    made = signature(text)

    assert made is None or (len(made) == 64 and all(0 <= number < 2**32 for number in made))
