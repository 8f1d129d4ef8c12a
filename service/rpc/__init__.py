"""The gRPC server: protobuf at the edge, the sessions behind it."""
