"""What belongs together: the key that makes alerts one incident. Pure."""

from hashlib import sha256
from typing import assert_never

from alerts.types import GroupBy, JudgedMention, Rule


def group_key(rule: Rule, mention: JudgedMention) -> str:
    """Return the key of the incident that a mention's alert belongs to: rule | brand | what the rule groups by."""
    return f"{rule.id}|{mention.brand_id}|{_group(rule.group_by, mention)}"


def _group(group_by: GroupBy, mention: JudgedMention) -> str:
    match group_by:
        case GroupBy.STORY:
            return str(mention.story_id)
        case GroupBy.BRAND:
            return "brand"
        case GroupBy.SOURCE:
            return f"source:{mention.source_id}"
        case GroupBy.AUTHOR:
            author = mention.author_id or mention.author_name
            return f"mention:{mention.id}" if author is None else f"author:{_short(mention.site, author)}"
        case GroupBy.NONE:
            return f"mention:{mention.id}"
        case _:
            assert_never(group_by)


def _short(site: str, author: str) -> str:
    """Return a name for an author of a site that fits an index, however long theirs is."""
    return sha256(f"{site}\n{author}".encode("utf-8", "replace")).hexdigest()[:16]
