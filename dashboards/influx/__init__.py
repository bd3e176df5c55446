"""InfluxDB: what stands in it, how it gets there, and how the database is set up for that."""
