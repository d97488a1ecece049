"""The operators' console in a browser: dead letters, the catalog, workers and queues."""
