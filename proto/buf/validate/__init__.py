"""The generated stubs of validate.proto."""
