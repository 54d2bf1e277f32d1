"""How the files that places let their owners download are imported: their columns, and the fields they stand for.

A column that is not named here is found by its name, as in any file (`file_rows.py`).
"""

from collections.abc import Mapping

#: Monthly files of reviews from the Play Console, in UTF-16: the history that the API does not give.
#: https://support.google.com/googleplay/android-developer/answer/6135870
GOOGLE_PLAY = {
    "Review Submit Date and Time": "published_at",
    "Review Last Update Date and Time": "edited_at",
    "Reviewer Language": "language",
    "Star Rating": "rating",
    "Review Title": "title",
    "Review Text": "text",
    "Review Link": "url",
}

MAPPINGS: Mapping[str, Mapping[str, str]] = {"google_play": GOOGLE_PLAY}
