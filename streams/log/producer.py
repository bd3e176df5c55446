"""The producer of whoever writes to Kafka outside the workers."""

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient


class Producer(KafkaProducer):  # type: ignore[misc]  # it comes without types
    """One that leaves no thread and no socket behind where it finds no broker."""

    def __init__(self, **settings: object) -> None:
        made: list[KafkaNetClient] = []

        def client(**told: object) -> KafkaNetClient:
            made.append(KafkaNetClient(**told))
            return made[-1]

        try:
            super().__init__(kafka_client=client, **settings)
        except KafkaError:
            for each in made:
                each.close()
            raise
