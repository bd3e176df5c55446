"""Words that fit a receiver: where messages are short a page is one of them, and no part of a drill is without its mark.

A page cut into forty short messages is read by nobody, takes longer to send than a receiver is waited for, and is then sent
again. What is left out is the middle: what it is about comes first, and what to do last.
"""

SHORT = 1_000
"""Characters: where a message takes more, a long text may be several."""
_CUT = "[...]"
_END = 32
"""The end of a title that is kept: the page's id, and that it is a drill."""


def fitted(title: str, body: str, *, room: int, title_room: int, drill: bool) -> tuple[str, str]:
    """The title and the text as they fit.

    Args:
        title: One line.
        body: The text.
        room: Characters of a message; 0 where there is no limit.
        title_room: Characters of a title; 0 where it is the first line of the message.
        drill: No part may be without the mark at its ends.
    """
    title = _shortened(title, title_room or room)
    left = room if title_room else room - len(title) - 2
    if room <= 0 or len(body.rstrip()) <= left or (room >= SHORT and not drill):
        return title, body
    lines = body.rstrip().split("\n")
    end = _fitting(lines[::-1], left // 2)[::-1]
    start = _fitting(lines[: len(lines) - len(end)], left - sum(len(line) + 1 for line in end) - len(_CUT) - 1)
    if not end:
        # No text at all is no message: the title is it.
        return (title if title_room else ""), _shortened(title, room)
    return title, "\n".join([*start, _CUT, *end])


def _shortened(title: str, room: int) -> str:
    return title if room <= 0 or len(title) <= room else f"{title[: max(0, room - _END - 1)]}…{title[-_END:]}"[:room]


def _fitting(lines: list[str], room: int) -> list[str]:
    found: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        found.append(line)
    return found
