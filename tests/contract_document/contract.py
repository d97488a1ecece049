"""The contract as tests read it."""

from dev.contract.document import read_document

DOCUMENT = read_document()
COMPONENTS = DOCUMENT["components"]
SCHEMAS = COMPONENTS["schemas"]
