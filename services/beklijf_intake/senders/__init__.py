"""Who may send: senders with their organisations, scopes and keys; who is calling; what the operator changes about them."""
