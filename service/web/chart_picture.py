"""The chart of a stretch of time as a PNG, for slides and letters.

Loading vl-convert costs 150 MB of memory, so a child process draws, one at a time.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

import altair as alt

from service.web import chart
from service.web.chart import Step
from service.web.reader import Reader

_DRAW = """
import json, sys, vl_convert
sys.stdout.buffer.write(vl_convert.vegalite_to_png(json.load(sys.stdin), scale=2))
"""
_PATIENCE_SECONDS = 30
_WIDTH, _HEIGHT = 720, 300
#: As the pages have them in the light.
_COLOURS = {"angry": "#b42318", "negative": "#e8a33d", "neutral": "#98a2b3", "positive": "#2e9e6b"}
_FONTS = "Noto Sans, Noto Sans CJK TC, Noto Sans CJK SC, Noto Sans Thai, sans-serif"
_turn = asyncio.Semaphore(1)
#: Whoever waits holds a connection to the database meanwhile: a few may, the rest are told to come back.
_places = asyncio.Semaphore(3)


class PictureError(Exception):
    """The picture cannot be drawn now."""


def specification(made: Sequence[Step], title: str, reader: Reader) -> dict[str, object]:
    """Return the chart as a Vega-Lite specification with everything in it."""
    called = chart.names(reader)
    rows = [
        {"step": f"{at:04d}|{step.label}", "series": called[series], "order": place, "n": getattr(step, series)}
        for at, step in enumerate(made)
        for place, series in enumerate(called)
    ]
    drawn: dict[str, object] = (
        alt.Chart({"values": rows}, title=title)
        .mark_bar()
        .encode(
            x=alt.X(
                "step:O",
                axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True, labelExpr="split(datum.label, '|')[1]"),
            ),
            y=alt.Y("n:Q", stack="zero", axis=alt.Axis(title=None, tickMinStep=1, tickCount=4)),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=list(called.values()), range=[_COLOURS[series] for series in called]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
            order="order:Q",
        )
        .properties(width=_WIDTH, height=_HEIGHT, background="#ffffff", padding=16)
        .configure(font=_FONTS)
        .configure_view(stroke=None)
        .to_dict()
    )
    return drawn


async def png(drawn: dict[str, object]) -> bytes:
    """Return the picture. Raises PictureError."""
    if _places.locked():
        raise PictureError("too many pictures are asked for at once")
    async with _places, _turn:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _DRAW,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            made, complaint = await asyncio.wait_for(child.communicate(json.dumps(drawn).encode()), _PATIENCE_SECONDS)
        except BaseException as error:
            # A cancelled request too: the child must not outlive the wish for it.
            if child.returncode is None:
                child.kill()
                await child.wait()
            if isinstance(error, TimeoutError):
                raise PictureError("vl-convert took too long") from error
            raise
    if child.returncode != 0 or not made:
        raise PictureError(f"vl-convert failed: {complaint.decode(errors='replace')[-300:]}")
    return made
