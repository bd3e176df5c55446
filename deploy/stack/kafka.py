"""A real Kafka: one node, broker and controller in one (KRaft), on loopback, from the jars in Maven Central."""

import base64
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from deploy.places import cache
from deploy.stack import building
from deploy.stack.java import is_fetched, jars, java
from deploy.stack.ports import HOST
from deploy.stack.service import Command, Ports, Silent, Tell

VERSION = "4.1.0"
_NAMED = "Kafka"
_FORMATTED_WITHIN = 60.0
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.steadyline</groupId>
  <artifactId>kafka-libs</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"""
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    # A topic comes from the catalogue, with its partitions, or not at all.
    "auto.create.topics.enable": "false",
    # There is one node: whatever would be kept several times is kept once.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # What no topic says otherwise: a week, in segments small enough that it is a week and not a month.
    "log.retention.hours": "168",
    "log.segment.bytes": "134217728",
    "log.retention.check.interval.ms": "60000",
    # Kafka's own default is a quarter of the heap.
    "log.cleaner.dedupe.buffer.size": "16777216",
}
_LOGGING = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = logs/server.log
appender.file.filePattern = logs/server.%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %p %c: %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


class Kafka:
    """The broker of the native stack."""

    name = "kafka"
    version = VERSION
    ports: tuple[str, ...] = ("client", "controller")
    logs: tuple[str, ...] = ("logs/server.log",)
    formatting: tuple[str, ...] = ()
    """What else the storage is formatted with."""

    def __init__(self, settings: Mapping[str, str] | None = None, heap_mb: int = 512) -> None:
        """Say how it is to run.

        Args:
            settings: Settings of the broker over those of the stack, by Kafka's names.
            heap_mb: The most that the Java heap may grow to, megabytes.
        """
        self._settings = dict(settings or {})
        self._heap_mb = heap_mb

    @staticmethod
    def cached() -> bool:
        """Whether its jars are there, so that neither Maven nor a network is needed."""
        return is_fetched(_home(), _POM)

    def prepare(self, folder: Path, tell: Tell) -> None:
        """Fetch the jars and format the storage where that was not done."""
        program = java(_NAMED)
        libs = jars(_home(), _POM, f"{_NAMED} {VERSION}", tell)
        if (folder / "data" / "meta.properties").exists():
            return
        # Formatted beside and then renamed: a format that was cut short is begun afresh.
        for rest in (folder / "formatting", folder / "data"):
            shutil.rmtree(rest, ignore_errors=True)
        self._write(folder, "format.properties", {name: number for number, name in enumerate(self.ports, 1)}, data="formatting")
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        building.run(
            [
                program,
                *("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{libs}/*"),
                *("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", "format.properties"),
                *self.formatting,
            ],
            folder,
            _FORMATTED_WITHIN,
            f"{_NAMED} did not format its storage",
        )
        (folder / "formatting").rename(folder / "data")

    def command(self, folder: Path, ports: Ports) -> Command:
        """Write the settings for these ports, and say how the broker is started with them."""
        self._write(folder, "server.properties", ports, data="data")
        (folder / "log4j2.properties").write_text(_LOGGING)
        return Command(
            (
                java(_NAMED),
                *("-Xms128m", f"-Xmx{self._heap_mb}m", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"),
                "-Dlog4j2.configurationFile=log4j2.properties",
                *("-cp", f"{_home() / 'libs'}/*", "kafka.Kafka", "server.properties"),
            )
        )

    def ask(self, folder: Path, ports: Ports, patience: float) -> dict[str, str | int]:  # noqa: ARG002
        """Ask the broker for its cluster."""
        # The client takes long to import, and most commands do without it.
        from streams.log.admin import Admin, BrokerError

        bootstrap = f"{HOST}:{ports['client']}"
        try:
            with Admin(bootstrap, patience) as admin:
                cluster = admin.cluster()
        except BrokerError as error:
            raise Silent(str(error)) from error
        return {"bootstrap": bootstrap, "cluster": cluster.id, "brokers": cluster.brokers, "topics": cluster.topics}

    def listeners(self, ports: Ports) -> dict[str, str]:
        """Where it listens, and what is spoken there."""
        return {
            "listeners": f"PLAINTEXT://{HOST}:{ports['client']},CONTROLLER://{HOST}:{ports['controller']}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{ports['client']}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }

    def _write(self, folder: Path, name: str, ports: Ports, data: str) -> None:
        # Relative to the folder: Java reads such a file as Latin-1, and takes a comma for the end of a path.
        settings = {
            **_SETTINGS,
            **self._settings,
            "log.dirs": data,
            **self.listeners(ports),
            "controller.quorum.voters": f"1@{HOST}:{ports['controller']}",
        }
        (folder / name).write_text("".join(f"{key}={value}\n" for key, value in settings.items()))


def _home() -> Path:
    return cache() / f"kafka-{VERSION}"
