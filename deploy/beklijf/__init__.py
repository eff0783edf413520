"""What the operator runs: `beklijf up`, `push`, `wait`, `rebuild` and the like, and the whole system on one computer.

In:    a person's commands; files with FHIR resources; what the processes say on their operations ports.
Out:   running processes, pushed resources, receipts, tables, exit codes.
Owns:  the state folder of the local system (`beklijf.local`), the reference cohorts (`beklijf.reference`).
Never: imports a service: it runs `python -m beklijf_X COMMAND` or speaks HTTP; decides anything about a patient.
"""
