"""What tests are built from: servers, waiting, builders, the plain reference. Never imported by a service."""
