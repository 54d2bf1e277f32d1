"""Who is asked: the domain somebody registered, not each of its hosts."""

import pytest

from collectors.domains import domain_of


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("a.b.shop.example.com.tw", "example.com.tw"),
        ("forum.example.co.th", "example.co.th"),
        ("bbs.example.com.cn", "example.com.cn"),
        # Everybody's blog is somebody else's.
        ("ann.github.io", "ann.github.io"),
        ("ann.blogspot.com", "ann.blogspot.com"),
        ("com.tw", "com.tw"),
        ("example.com.", "example.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("localhost", "localhost"),
        ("intranet", "intranet"),
        ("", ""),
        ("ร้าน.ไทย", "ร้าน.ไทย"),
        ("www.店.台灣", "店.台灣"),
    ],
)
def test_the_domain_of_a_host(host: str, domain: str) -> None:
    assert domain_of(host) == domain
