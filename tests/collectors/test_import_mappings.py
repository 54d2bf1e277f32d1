"""Files that places let their owners download."""

from datetime import UTC, datetime
from pathlib import Path

from collectors.files import read
from collectors.import_mappings import GOOGLE_PLAY
from collectors.types import Mention, Quarantined, Rating
from tests import make

HEADER = (
    "Package Name,App Version Code,App Version Name,Reviewer Language,Device,Review Submit Date and Time,"
    "Review Submit Millis Since Epoch,Review Last Update Date and Time,Review Last Update Millis Since Epoch,"
    "Star Rating,Review Title,Review Text,Developer Reply Date and Time,Developer Reply Millis Since Epoch,"
    "Developer Reply Text,Review Link"
)
ROWS = (
    "com.example.lantern,42,4.2,zh-TW,flounder,2026-02-01T03:04:05Z,1769915045000,2026-02-02T03:04:05Z,1770001445000,1,,"
    '"更新後一直閃退,\n退錢",,,,https://play.google.com/console/developers/1/app/2/user-feedback/review-details?reviewId=gp:A1',
    "com.example.lantern,42,4.2,th,klte,2026-02-03T00:00:00Z,1770076800000,2026-02-03T00:00:00Z,1770076800000,5,,,,,,",
)


def test_the_monthly_file_of_google_play_is_imported(tmp_path: Path) -> None:
    file = tmp_path / "reviews_com.example.lantern_202602.csv"
    file.write_bytes("\r\n".join((HEADER, *ROWS)).encode("utf-16"))

    rows = [row.item for row in read(file, now=make.NOW, mapping=GOOGLE_PLAY, site="Google Play")]

    first, rating_only = rows
    assert isinstance(first, Mention)
    assert isinstance(rating_only, Mention)
    assert (first.text, first.rating, first.language) == ("更新後一直閃退,\n退錢", Rating(value=1, scale=5), "zh-TW")
    assert first.published_at == datetime(2026, 2, 1, 3, 4, 5, tzinfo=UTC)
    assert first.edited_at == datetime(2026, 2, 2, 3, 4, 5, tzinfo=UTC)
    assert (first.url or "").endswith("reviewId=gp:A1")
    assert (rating_only.text, rating_only.rating) == ("", Rating(value=5, scale=5))
    assert not any(isinstance(row, Quarantined) for row in rows)
