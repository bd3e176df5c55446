"""The log on Kafka: replays sent to it, recordings made of it, what workers wrote held to it, its dead letters."""
