"""protovalidate's rule options, see validate/validate.proto."""
