"""What to change when SIGTERM does not reach a program."""

from modelwharf.engines.engine import ImageConfig

INITS = ("tini", "dumb-init", "docker-init", "catatonit")
SHELLS = ("sh", "bash", "dash", "ash")


def advice(config: ImageConfig) -> str:
    """Return a change for the Dockerfile or the program; the first process gets the signal."""
    words = config.entrypoint or config.command
    if len(words) > 2 and words[0].rsplit("/", 1)[-1] in SHELLS and words[1] == "-c":
        return (
            "ENTRYPOINT is in the shell form: the shell is process 1 and passes no signal on. "
            'Write it in the exec form, such as ENTRYPOINT ["python", "/opt/program/main.py"]'
        )
    if words and words[0].rsplit("/", 1)[-1] in INITS:
        return (
            f"{words[0]} passes SIGTERM on to the program that it started, and to no other: handle "
            "it there, and let a start script end with `exec program …`"
        )
    return (
        "as process 1 of a container a program that sets no handler never gets SIGTERM: handle "
        "it, end there what it started and itself, and let a start script end with `exec program "
        "…`, so that the program is process 1"
    )
