"""What can go wrong between a verdict and a person.

AlertError
├── RuleError              a rule's settings are wrong; the message names the field and the remedy
├── QueryError             a query cannot be read; the message names the place and the remedy
├── BrandError             a brand cannot be looked for so; the message names the field and the remedy
├── DutyError              a contact, schedule or policy cannot be so; the message names the field and the remedy
├── ChannelSettingError    a channel's settings are wrong; the message names the setting and the remedy
└── ChannelError           a message did not leave
"""

from enum import StrEnum


class AlertError(Exception):
    """Something about a rule, an incident or a channel."""

    permanent = False


class RuleError(AlertError):
    """A rule's settings are wrong."""

    permanent = True

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        #: What is wrong and what to do, without the field.
        self.said = message


class DutyError(AlertError):
    """A contact, a schedule or a policy cannot be so."""

    permanent = True

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        #: What is wrong and what to do, without the field.
        self.said = message


class ChannelSettingError(AlertError):
    """A channel's settings are wrong. The message holds no secret."""

    permanent = True

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


class Fault(StrEnum):
    """Whose fault it is that a message did not leave; decides who waits and who is blamed."""

    #: The server cannot be reached or says «later» (4xx).
    TEMPORARY = "temporary"
    #: The server refuses this recipient for good (5xx at RCPT).
    RECIPIENT = "recipient"
    #: We are not allowed to send at all: TLS, authentication, relaying. No recipient is to blame.
    OURS = "ours"
    #: The connection broke after the message was handed over: it may or may not have arrived.
    AMBIGUOUS = "ambiguous"


class ChannelError(AlertError):
    """A message did not leave. `stage` is where in the conversation, `code` the server's reply code."""

    def __init__(self, message: str, *, fault: Fault, stage: str, code: int | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.stage = stage
        self.code = code
        self.permanent = fault is Fault.RECIPIENT


class Mistake(StrEnum):
    """What is wrong with a query, for pages to say in the reader's language."""

    EMPTY = "empty"
    QUOTATION = "quotation"
    BRACKET = "bracket"
    OPERATOR = "operator"
    NEAR = "near"
    FIELD = "field"
    STAR = "star"
    ESCAPE = "escape"
    LETTERS = "letters"
    SIZE = "size"


class QueryError(AlertError):
    """A query cannot be read; says where and what to do."""

    permanent = True

    def __init__(self, mistake: Mistake, position: int, detail: str) -> None:
        super().__init__(f"character {position + 1}: {detail}")
        self.mistake = mistake
        #: The code point of the query, from 0, at which it goes wrong.
        self.position = position
        self.detail = detail


class BrandError(AlertError):
    """A brand cannot be looked for so."""

    permanent = True

    def __init__(self, field: str, detail: str, *, position: int | None = None) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail
        #: In the query, from 0, where that is what is wrong.
        self.position = position
