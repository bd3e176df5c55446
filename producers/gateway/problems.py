"""Answers: what was taken in, and what went wrong (RFC 9457, ``application/problem+json``)."""

from collections.abc import Sequence

import msgspec

from streams.web import problems


class RefusedEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that was not taken in; it was kept as a dead letter.

    Attributes:
        index: Its place in what was sent, from 0; in a stream, among the lines that are not blank.
        id: What it calls itself, where that could be read.
        field: The field that is wrong, as a JSON path, where it is one.
        reason: What is wrong.
        status: 403 where the token may not say it, 409 where its id is another's, 422 where it is no event.
    """

    index: int
    id: str | None = None
    field: str | None = None
    reason: str
    status: int


class Unjudged(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is in the log, and that the watch will not judge.

    Attributes:
        index: Its place in what was sent, as above.
        reason: Why: it names what no agreement knows, or occurred too long ago to amend anything.
    """

    index: int
    id: str
    reason: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events, once all of that is durable.

    Attributes:
        accepted: Events that are in the log now.
        duplicates: Events that were in it already.
        refused: Events that were not taken in; of a long stream the first ones only.
        refused_total: How many those are in all.
        unjudged: Events that are in the log and that the watch will not judge, as the gateway's rules have it; the first ones.
        unjudged_total: How many those are in all.
    """

    accepted: int
    duplicates: int
    refused: Sequence[RefusedEvent]
    refused_total: int
    unjudged: Sequence[Unjudged] = ()
    unjudged_total: int = 0


class Problem(problems.Problem, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong with a request.

    Attributes:
        accepted: Events that were taken in all the same: sent again, they count as duplicates.
        duplicates: Events that were in the log already.
        refused: Events that were not taken in.
        refused_total: How many those are in all.
    """

    accepted: int | None = None
    duplicates: int | None = None
    refused: Sequence[RefusedEvent] | None = None
    refused_total: int | None = None


class ProblemError(problems.ProblemError):
    """A request that is answered with a problem."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, receipt: Receipt | None = None
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.receipt = receipt

    def document(self) -> problems.Problem:
        """The problem as it is answered."""
        receipt = self.receipt
        if receipt is None:
            return super().document()
        return Problem(
            **msgspec.structs.asdict(super().document()),
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            refused=receipt.refused,
            refused_total=receipt.refused_total,
        )
