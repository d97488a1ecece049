"""The parts of `make bench`: each measures one thing, prints its table and returns its figures."""
