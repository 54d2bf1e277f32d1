"""Alerts in the four languages, as rules and people make them, for tests that send them through real servers."""

from uuid import UUID

from alerts.types import IncidentId, JudgedMention, Message, NotificationId, Reason, Urgency
from analysis.types import Because
from tests import make

#: Language of the reader -> what was said, in a language that may be another.
SAID = {
    "en": (
        "en",
        "Never again",
        "Two hours for cold noodles, then the manager lied to my face and laughed.",
        "lied to my face",
    ),
    "zh-Hant": (
        "zh-Hant",
        "燈籠茶客服真的很扯",
        "等了四十分鐘才拿到，店員還翻白眼，打電話去客服直接掛我電話，退錢！",
        "直接掛我電話",
    ),
    "zh-Hans": (
        "zh-Hans",
        "灯笼茶踩雷",
        "排队一小时，奶盖是馊的，店员还说我事多，我要去消协投诉你们。",
        "去消协投诉",
    ),
    "th": (
        "th",
        "บริการแย่มาก",
        "รอชาเกือบชั่วโมง พนักงานพูดจาแย่มาก แถมคิดเงินผิดแล้วไม่ยอมคืน จะไม่กลับไปอีก",
        "พนักงานพูดจาแย่มาก",
    ),
}
BRANDS = {"en": "Lantern Tea", "zh-Hant": "燈籠茶", "zh-Hans": "灯笼茶", "th": "โคมชา"}
NAMES = {"en": "On call", "zh-Hant": "值班客服，小明", "zh-Hans": "值班客服", "th": "เวรประจำวัน สมหญิง"}


def alert(language: str, *, number: int = 1, incident: int = 5, cycle: int = 1) -> Message:
    """Return an alert for Ann, who reads this language."""
    said, title, text, decisive = SAID[language]
    start = text.index(decisive)
    because = (Because(start=start, end=start + len(decisive), text=decisive),)
    mention: JudgedMention = make.judged_mention(
        title=title,
        text=text,
        author_name="hungry_cat",
        site="PTT" if language == "zh-Hant" else "forum.example",
        analysis=make.analysis(angry=True, language=said, because=because),
    )
    return make.message(
        notification_id=NotificationId(UUID(int=number)),
        incident_id=IncidentId(incident),
        contact=make.contact(name=NAMES[language], email="ann@lantern.test", language=language),
        brand=BRANDS[language],
        mention=mention,
        urgency=Urgency.URGENT if language in {"en", "zh-Hant"} else Urgency.HIGH,
        reason=Reason(code="angry", values={"anger": 0.97, "threshold": 0.5}),
        cycle=cycle,
        alert_count=3,
    )
