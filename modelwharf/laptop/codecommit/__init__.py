"""CodeCommit: bare git repositories that the API reads and git pushes to.

``service``         repositories, branches and triggers
``reading``         folders, files and differences
``git_repository``  git itself
``git_hook``        the hooks of a push, as a program of this package: publishes the message
``push_answer``     reports the result of a push to the client

This module imports nothing: each push starts both hooks, and importing moto takes longer than
they run.
"""
