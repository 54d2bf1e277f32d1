"""The chart as a picture."""

import asyncio

from service.web import chart_picture


async def test_of_many_pictures_at_once_the_last_are_refused() -> None:
    # What cannot be drawn is refused by the child, sooner than a picture is made.
    answers = await asyncio.gather(*(chart_picture.png({}) for _ in range(5)), return_exceptions=True)
    refused = [one for one in answers if isinstance(one, chart_picture.PictureError) and "at once" in str(one)]

    assert len(refused) == 2
