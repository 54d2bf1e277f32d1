"""The registrable domain of a host, by the public suffix list that the package `tld` carries: nothing is downloaded."""

from functools import lru_cache

from tld import get_fld


@lru_cache(maxsize=10_000)
def domain_of(host: str) -> str:
    """Return the domain that somebody registered, such as example.com.tw of shop.example.com.tw; of an address or a
    name of the own network the host itself. Whoever lets others have names below theirs counts as a suffix."""
    found = get_fld(f"http://{host}", fail_silently=True, search_private=True) if ":" not in host else None
    return found or host
