"""CodeCommit: bare git repositories, read through the API and pushed to by git.

``service``         repositories, branches and triggers
``reading``         folders, files and differences
``git_repository``  git itself
``git_hook``        what a push runs, as this package's own program: it publishes the message
``push_answer``     what came of the push, for whoever pushed

It imports nothing: each push starts both hooks, and moto takes longer to import than they run.
"""
