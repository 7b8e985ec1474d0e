"""The commands of ``wharf``. A command's module is imported only when the command runs."""

from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True)
class Entry:
    """One command, as the overview lists it."""

    name: str
    """The command's name, and its module in ``modelwharf.cli.commands``."""
    help: str
    """The first sentence of the command's own help: a test compares them."""
    clients: bool = True
    """Whether it calls AWS services, on the laptop or in AWS."""
    attribute: str = ""
    """The command's name in its module, where it differs."""

    def load(self) -> click.Command:
        module = import_module(f"modelwharf.cli.commands.{self.name}")
        command: click.Command = getattr(module, self.attribute or self.name)
        return command


# In the order in which people need them.
ENTRIES = (
    Entry("init", "Make a project of your own, ready to push.", clients=False),
    Entry("up", "Start the laptop's cloud and deploy the template into it.", clients=False),
    Entry("env", 'Print export lines for the laptop\'s cloud: eval "$(wharf env)".', clients=False),
    Entry("push", "Push HEAD to the branch that releases, and print the result."),
    Entry("start", "Ask for a release of what was pushed already."),
    Entry("releases", "List the newest releases, and the pushes that released nothing."),
    Entry("show", "Show a release, state by state."),
    Entry("logs", "Show what the steps of a release have written, in order of time."),
    Entry("approve", "Let a release that waits for approval go on to the endpoint."),
    Entry("reject", "End a release that waits for approval."),
    Entry("invoke", "Ask the endpoint and print its answer."),
    Entry("data", "Data that the model learns from."),
    Entry("config", "Check modelwharf.toml and keep it in Parameter Store."),
    Entry(
        "doctor", "Check images against SageMaker's contract; say what to change.", clients=False
    ),
    Entry("vendor", "Renew the wheel in vendor/ after an upgrade of this package.", clients=False),
    Entry("redrive", "Hand lost events to their functions again."),
    Entry("preflight", "Check whether an account is ready for a deploy and a release."),
    Entry("selftest", "Release a tiny model in an account, and compare."),
    Entry(
        "policy",
        "Print the IAM policy of those who look, operate or deploy.",
        attribute="policy_command",
    ),
    Entry("down", "Stop the laptop's cloud and all that it started.", clients=False),
    Entry("demo", "From a git push to a forecast, on this machine."),
    Entry("destroy", "Delete the endpoint and all that runs; keep what holds work."),
)
COMMANDS = {entry.name: entry for entry in ENTRIES}
