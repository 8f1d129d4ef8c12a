"""The contract: generated stubs of sqldojo.v1."""
