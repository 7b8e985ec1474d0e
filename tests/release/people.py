"""People at the command line: users with exactly what `wharf policy` prints."""

import json
import re
from dataclasses import dataclass

from click.testing import CliRunner, Result

from modelwharf.cli.main import wharf
from modelwharf.cli.services import services_of
from tests.release.laptop import Laptop


@dataclass(frozen=True)
class Person:
    """Types ``wharf …`` with credentials of their own, in this process."""

    environment: dict[str, str]

    def wharf(self, *words: str) -> Result:
        return CliRunner().invoke(wharf, words, obj=services_of(self.environment))

    def does(self, *words: str) -> str:
        """What the command prints. Fails when it was refused, or failed otherwise."""
        done = self.wharf(*words)
        assert done.exit_code == 0, (words, done.output)
        return done.stdout

    def is_refused(self, laptop: Laptop, action: str, *words: str) -> None:
        """It says so, naming the action; the cloud's log has it, too."""
        done = self.wharf(*words)
        assert done.exit_code == 1, (words, done.output)
        assert f"is not authorized to perform: {action} " in re.sub(r"\s+", " ", done.output)
        laptop.refusals.append(f"perform: {action} on")


def person(laptop: Laptop, kind: str) -> Person:
    """A user of one kind, named after it."""
    owner = Person(laptop.environment())
    iam = laptop.client("iam")
    iam.create_user(UserName=kind)
    document = json.dumps(json.loads(owner.does("policy", kind)))
    policy = iam.create_policy(PolicyName=kind, PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=kind, PolicyArn=policy)
    key = iam.create_access_key(UserName=kind)["AccessKey"]
    return Person(
        {
            **owner.environment,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    )
