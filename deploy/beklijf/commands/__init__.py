"""The commands of `beklijf`, one module per subject; each reads its options, does one thing and says what it did."""
