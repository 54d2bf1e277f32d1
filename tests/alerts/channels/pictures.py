"""Takes a picture of the e-mail in four languages and two widths, sent through a real mail host and read back:
python -m tests.alerts.channels.pictures OUT_DIR."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Route

from tests import mailhost
from tests.alerts.channels.sent import SAID, alert
from tests.alerts.channels.test_real_mail import part, received
from tests.service.web import stage

WIDTHS = (1000, 390)


async def _refuse(route: Route) -> None:
    print("asked for:", route.request.url)
    await route.abort()


async def _take(host: mailhost.MailHost, out: Path) -> None:
    mails = {}
    for language in SAID:
        host.empty()
        (mails[language],) = await received(host, alert(language))
    async with stage.launched() as browser:
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                context = await browser.new_context(
                    viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
                )
                page = await context.new_page()
                await page.route("**/*", _refuse)
                for language, mail in mails.items():
                    await page.set_content(part(mail, "html"))
                    await page.screenshot(path=out / f"{language}-{width}-{scheme}.png", full_page=True)
                await context.close()


def main() -> None:
    """Take the pictures."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with mailhost.started(Path(tempfile.mkdtemp(prefix="earshot-mail-"))) as host:
        asyncio.run(_take(host, out))
    shutil.rmtree(host.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
