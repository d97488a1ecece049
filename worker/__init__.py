"""The inventory worker: car events from RabbitMQ into PostgreSQL, each applied exactly once."""

__version__ = "0.1.0"
