"""What people would write instead of this worker, each as its users would write it.

All do the same work as the worker on the same tables: record the id, create or price the car,
acknowledge. None has its retries, dead letters, isolation or recovery.
"""
