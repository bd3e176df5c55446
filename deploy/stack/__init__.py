"""The native stack: real servers on this machine alone, without containers, for trials and tests.

A server is a ``Service``; ``Stack`` starts, asks and ends whichever it is given, and knows nothing of any one of them.
"""

from deploy.stack.service import Service, StackError
from deploy.stack.stack import Report, Stack

__all__ = ["Report", "Service", "Stack", "StackError", "services"]


def services() -> tuple[Service, ...]:
    """The servers of the stack, in the order in which they are started."""
    from deploy.stack.influx import Influx
    from deploy.stack.kafka import Kafka

    return (Kafka(), Influx())
