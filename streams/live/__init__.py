"""The watch on Kafka: a Faust worker that carries records to the pure core and its results back."""
