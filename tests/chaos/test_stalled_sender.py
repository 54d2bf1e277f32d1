"""A sender that stands still past its lease and wakes again cannot mark, and sends nothing twice by itself."""

import signal
from collections.abc import Awaitable, Callable

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from analysis.registry import analyser as named
from service.pipeline.analyse import analyse_due
from service.store import clock, ingest
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox
from tests.service import programs
from tests.service.waiting import until
from tests.service.watched import FURIOUS, watch


class StallingMailbox(Mailbox):
    """Stops the first sender in the moment its message is accepted, before it hears so."""

    stall: Callable[[], None] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.stall is not None:
            self.stall()
            self.stall = None
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.slow
async def test_a_sender_that_wakes_after_its_lease_marks_nothing(
    conn: Connection, pool: Pool, database_url: str
) -> None:
    watched = await watch(conn, "http://127.0.0.1/feed")
    now = await clock.now(conn)
    await ingest.ingest(conn, watched.brand_id, watched.source_id, [make.mention(id="1", text=FURIOUS)], now=now)
    await analyse_due(pool, named("ngram"))
    mailbox = StallingMailbox()
    mailbox.open()
    settings = {"EARSHOT_DATABASE_URL": database_url, "EARSHOT_SMTP_URL": mailbox.url, "EARSHOT_TICK": "0.1"}

    with programs.started("work", "--only", "deliver", settings=settings) as stalled:
        mailbox.stall = lambda: stalled.send_signal(signal.SIGSTOP)
        await until(_accepted(mailbox, 1), what="the first copy")
        await conn.execute("update mock.clock set shift = shift + interval '10 minutes'")
        with programs.started("work", "--only", "deliver", settings=settings) as other:
            await until(_accepted(mailbox, 2), what="the copy of another sender")

            async def sent() -> bool:
                return bool(await conn.fetchval("select state = 'sent' from notification"))

            await until(sent, what="the other sender's mark")
            programs.end(other)
        stalled.send_signal(signal.SIGCONT)
        # It hears that its copy was accepted, and finds that another decided meanwhile.
        _, said = programs.end(stalled)
    mailbox.close()

    assert "lease lost" in said
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1
    assert len(mailbox.mails) == 2
    assert await conn.fetchval("select state from notification") == "sent"


def _accepted(mailbox: Mailbox, number: int) -> Callable[[], Awaitable[bool]]:
    async def accepted() -> bool:
        return len(mailbox.mails) >= number

    return accepted
