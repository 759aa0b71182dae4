"""The protocol of a consolidation as a small model, checked in every order of its steps. See docs/protocol.md."""
