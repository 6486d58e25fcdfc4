"""Where independent tasks run: in this process, in worker processes, or on a Ray cluster.

A caller opens one executor (`opening.open_executor`) and hands it down to everything that runs in parallel. Results are
the same from every executor, because each task depends on its item alone.
"""
