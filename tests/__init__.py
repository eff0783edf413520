"""All tests of Beklijf; `tests/README.md` says which kind proves what."""
