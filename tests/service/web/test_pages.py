async def test_smoke(browser, angry_place, conn):
    nid = await conn.fetchval("select id from notification")
    for path in (
        "/",
        "/mentions",
        "/mentions/1",
        "/mentions/2",
        "/incidents",
        "/incidents/1",
        "/outbox",
        f"/outbox/{nid}",
        f"/outbox/{nid}/html",
        "/chart",
        "/nope",
    ):
        for lang in ("en", "th"):
            r = await browser.get(path, headers={"accept-language": lang, "accept-encoding": "identity"})
            print(path, r.status_code, len(r.content))
            if lang == "en" and path == "/incidents/1":
                print(r.text)
