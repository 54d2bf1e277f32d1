"""What to do first, by what a mention is: feeling before facts, a fair remedy, and no fight with who only attacks."""

from dataclasses import dataclass

from alerts import labels
from alerts.catalogue import Catalogue
from alerts.types import Reason
from analysis.types import Analysis

_OF_SPANS = ("negative_share", "volume_spike", "anger_spike")
_OF_THREATS = ("threat", "legal_word")
#: Somebody may be hurt.
_HARMFUL = ("safety", "hygiene")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do: a word to remember and what it means."""

    lead: str
    rest: str


def first_steps(reason: Reason, verdict: Analysis, words: Catalogue) -> tuple[Step, ...]:
    """Return what to do first, at most four steps."""
    kind = labels.kind_of(verdict)
    if reason.code == "source_silence":
        return _for_silence(words)
    if reason.code in _OF_SPANS:
        return _for_many(words)
    if reason.code in _OF_THREATS:
        return _for_threat(words)
    known = {"threat": _for_threat, "attack": _for_attack, "question": _for_question, "praise": _for_praise}
    return known[kind](words) if kind in known else _for_complaint(verdict, words)


def _for_complaint(verdict: Analysis, words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    causes = labels.causes_of(verdict)
    steps = [
        Step(
            lead=_("Listen."),
            rest=_("Read the whole post. Then say in your own words what went wrong and how it felt."),
        ),
        Step(
            lead=_("Apologise."),
            rest=_(
                "Being looked down on weighs more than any defect: say sorry for that first, and give no reasons yet."
            )
            if "respect" in causes
            else _("Feelings come before facts. Being sorry for the upset admits no fault; leave out every “but”."),
        ),
        Step(
            lead=_("Establish the facts."),
            rest=_(
                "What happened, when and where, and what does the person want? Then say who will do what, and by when."
            ),
        ),
    ]
    if any(cause in _HARMFUL for cause in causes):
        harm = Step(
            lead=_("Ask whether anybody is hurt."),
            rest=_("Keep what was sold, stop selling it until you know more, and tell who is in charge of safety now."),
        )
        return (harm, *steps)
    return (*steps, Step(lead=_("Offer what puts it right."), rest=_remedy(labels.purpose_of(verdict), words)))


def _remedy(purpose: str | None, words: Catalogue) -> str:
    _ = words.gettext
    return {
        "refund": _("The money back, at once and without conditions, and something for the trouble."),
        "exchange": _("A new one, brought or sent by you, and something for the trouble."),
        "compensation": _("Say what you can give and when; a little more than expected wins a customer back."),
        "apology": _("A person with a name says sorry, and says what was wrong."),
        "improvement": _("Say what will change and from when, and tell the writer when it is done."),
        "answer": _("Answer the question itself, before anything else."),
        "vent": _("Thank the writer for saying it, and ask whether they want anything; perhaps being heard is all."),
    }.get(purpose or "", _("Ask what would be fair; offer what restores, keep the promise, and ask again afterwards."))


def _for_attack(words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    return (
        Step(
            lead=_("Look for a case in it."),
            rest=_("Behind harsh words there may be a complaint: if there is one, answer that and nothing else."),
        ),
        Step(
            lead=_("Explain once."), rest=_("Calmly, in public, with facts. Those who read along judge by your tone.")
        ),
        Step(
            lead=_("Keep evidence and stop."),
            rest=_("Do not feed the fight. Decide with somebody else whether to answer again, and note why."),
        ),
    )


def _for_threat(words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    return (
        Step(
            lead=_("Keep evidence."),
            rest=_("The post as it was seen is kept here. Save what belongs to it: orders, calls, names, times."),
        ),
        Step(
            lead=_("Tell who decides."),
            rest=_(
                "Law, safety or the press: they must know before anybody answers. If life is at risk, call the police."
            ),
        ),
        Step(
            lead=_("Answer the person, not the threat."),
            rest=_("Often it is a complaint that nobody heard: be sorry for the upset, name who calls them, and when."),
        ),
    )


def _for_question(words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    return (
        Step(
            lead=_("Answer what was asked."),
            rest=_("In the place where it was asked: others wonder too. Sell nothing in the same breath."),
        ),
        Step(
            lead=_("If you do not know, say who does."),
            rest=_("Say who will answer and by when, and come back by then even without an answer."),
        ),
    )


def _for_praise(words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    return (
        Step(lead=_("Thank them by name."), rest=_("Say what in their words pleased you, and sell nothing.")),
        Step(
            lead=_("Pass it on."),
            rest=_("Whoever is praised should hear it today; whoever recommends you is worth keeping in touch with."),
        ),
    )


def _for_many(words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    return (
        Step(
            lead=_("Find the one cause."),
            rest=_("Open the incident: the stories, sources and words that rose say what it is about."),
        ),
        Step(
            lead=_("Say one true thing, soon."),
            rest=_("In one place that all can link to: what happened, what you do, when you will say more."),
        ),
        Step(
            lead=_("Answer the angriest first."),
            rest=_("Feelings come before facts. Being sorry for the upset admits no fault; leave out every “but”."),
        ),
    )


def _for_silence(words: Catalogue) -> tuple[Step, ...]:
    _ = words.gettext
    return (
        Step(
            lead=_("Look at the place itself."),
            rest=_("If new posts are there, Earshot does not hear them: see the source's last error."),
        ),
    )
