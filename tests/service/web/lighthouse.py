"""Asks Lighthouse about every page: python -m tests.service.web.lighthouse [--only PAGE…] [--forms mobile desktop].

`make lighthouse` installs it (npm) and runs this. Prints a table, and fails where a page falls short of FLOORS.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.service.web import stage
from tests.service.web.screenshots import Stage, staged

FORMS = ("mobile", "desktop")
#: What a page must reach, of 100.
FLOORS = {"performance": 90, "accessibility": 95, "best-practices": 95}
#: Lighthouse asks nothing about a page that answers 404.
_REFUSED = ("lost",)
#: The most a page may be in all, compressed.
MOST_KILOBYTES = 700


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What Lighthouse says of one page."""

    page: str
    form: str
    scores: dict[str, int]
    kilobytes: int
    #: Seconds until the largest part was painted, on the slow device and network that Lighthouse plays.
    painted: float
    #: What is not in order, by Lighthouse's own names.
    amiss: Sequence[str]

    @property
    def passes(self) -> bool:
        """Whether the page is good enough."""
        good = all(self.scores[name] >= floor for name, floor in FLOORS.items())
        return good and self.kilobytes <= MOST_KILOBYTES


def _verdict(page: str, form: str, said: dict[str, Any]) -> Verdict:
    audits, categories = said["audits"], said["categories"]
    weighed = {ref["id"] for one in categories.values() for ref in one["auditRefs"] if ref["weight"]}
    return Verdict(
        page=page,
        form=form,
        scores={name: round(100 * categories[name]["score"]) for name in FLOORS},
        kilobytes=round(audits["total-byte-weight"]["numericValue"] / 1024),
        painted=audits["largest-contentful-paint"]["numericValue"] / 1000,
        amiss=[name for name in sorted(weighed) if (audits[name]["score"] or 0) < 0.9 and _counts(audits[name])],
    )


def _counts(audit: dict[str, Any]) -> bool:
    return audit["scoreDisplayMode"] not in {"notApplicable", "informative", "manual"}


async def _ask(command: Sequence[str], found: Stage, page: str, form: str, port: int) -> Verdict:
    """Return what Lighthouse says of a page on a phone or a desktop. Raises RuntimeError with its words."""
    running = await asyncio.create_subprocess_exec(
        *command,
        found.origin + found.pages[page],
        f"--port={port}",
        f"--extra-headers={json.dumps({'Cookie': f'earshot_session={found.cookie}'})}",
        f"--only-categories={','.join(FLOORS)}",
        "--output=json",
        "--quiet",
        *(["--preset=desktop"] if form == "desktop" else []),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
    )
    out, err = await running.communicate()
    if running.returncode:
        raise RuntimeError(f"Lighthouse failed on {page}:\n{err.decode()[-2_000:]}")
    return _verdict(page, form, json.loads(out))


@contextlib.asynccontextmanager
async def _browser() -> AsyncIterator[int]:
    """Give the port at which a Chromium is driven."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    async with stage.launched(f"--remote-debugging-port={port}"):
        yield port


def _row(one: Verdict) -> str:
    scores = " | ".join(str(one.scores[name]) for name in FLOORS)
    return f"| {one.page} | {one.form} | {scores} | {one.kilobytes} | {one.painted:.1f} | {', '.join(one.amiss)} |"


async def _run(wanted: argparse.Namespace) -> int:
    verdicts = []
    async with staged() as found, _browser() as port:
        print(f"| page | form | {' | '.join(FLOORS)} | kB | painted, s | amiss |")
        print(f"|---|---|{'---|' * len(FLOORS)}---|---|---|")
        for page in wanted.only or (name for name in found.pages if name not in _REFUSED):
            for form in wanted.forms:
                verdicts.append(await _ask(wanted.lighthouse, found, page, form, port))
                print(_row(verdicts[-1]), flush=True)
    short = [f"{one.page} ({one.form})" for one in verdicts if not one.passes]
    print(f"\n{len(verdicts) - len(short)} of {len(verdicts)} pass.", *(["Short:", ", ".join(short)] if short else []))
    return 1 if short else 0


def main() -> None:
    """Ask about the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lighthouse", type=Path, default=Path("build/lighthouse/node_modules/.bin/lighthouse"))
    parser.add_argument("--only", nargs="*", metavar="PAGE")
    parser.add_argument("--forms", nargs="*", default=FORMS, choices=FORMS)
    wanted = parser.parse_args()
    wanted.lighthouse = [str(wanted.lighthouse.resolve())]
    sys.exit(asyncio.run(_run(wanted)))


if __name__ == "__main__":
    main()
