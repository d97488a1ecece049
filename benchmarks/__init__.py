"""How fast, measured against what people would write otherwise: `make bench`."""
