"""`python -m tests.chaos`: the long form of the crash harness; ends with 1 if anything was lost."""

import argparse
import asyncio
import logging
import sys

from service.pipeline.deliver import SENDERS
from tests.chaos.harness import Outcome, Plan, torment


def table(outcome: Outcome) -> str:
    """Return what was done and what came of it, as in the README."""
    rows = {
        "angry posts": outcome.posts,
        "kill -9 of workers (of senders)": f"{outcome.kills} ({outcome.sender_kills})",
        "immediate stops of Postgres": outcome.crashes,
        "mentions stored": outcome.mentions,
        "alerts raised": outcome.alerts,
        "alerts no e-mail tells of": outcome.lost,
        "e-mails accepted, each once": outcome.emails,
        "copies beyond the first": outcome.copies,
        "allowed: kills + stops × senders": outcome.sender_kills + outcome.crashes * SENDERS * 2,
        "most copies of one e-mail": outcome.most_copies,
        "angry mentions a webhook was not told of": outcome.untold,
        "told a webhook beyond once each (allowed)": f"{outcome.told_again} ({outcome.most_told_again_allowed})",
        "polls whose counts do not add up": outcome.not_conserved,
        "sent by the outbox and never accepted, or the reverse": outcome.untrue,
        "seconds": f"{outcome.seconds:.0f}",
    }
    return "\n".join(
        ["| what | number |", "| --- | --- |", *(f"| {what} | {number} |" for what, number in rows.items())]
    )


def main() -> int:
    """Run it as the arguments say."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--posts", type=int, default=1500)
    parser.add_argument("--kills", type=int, default=210)
    parser.add_argument("--crashes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("tests.chaos").setLevel(logging.INFO)
    outcome = asyncio.run(torment(Plan(**vars(parser.parse_args()))))
    print(table(outcome))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
