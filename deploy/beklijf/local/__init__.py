"""The whole system on one computer, without Docker.

In:    a folder to keep state in.
Out:   a running PostgreSQL, a running broker, a supervisor that restarts whatever dies; their ports and addresses.
Owns:  the state folder: data, passwords, ports, logs, the supervisor's generated configuration.
Never: imports a service; listens on anything but the loopback interface.
"""
