"""What is made from `contract/asyncapi.yaml`: its JSON form, the schemas, the fingerprints."""
