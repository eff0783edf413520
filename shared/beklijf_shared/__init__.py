"""What the services share: the events and the plumbing, identical everywhere because it must be.

In: nothing; it is called. Out: events on topics, tables for what was told and heard, the loops that move them.
Owns: the table of topics, the event classes, the batch loop, the relay, the operations port, the loader of contracts.
Never: a rule about patients, answers or figures (those are `beklijf_domain`'s and the services'); a service's tables.

A module is added here only when two services must agree on it or when it must be identical to be safe.
"""
