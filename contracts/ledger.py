"""Keys of the ledger, the DynamoDB table that remembers who waits for what.

Rows (partition key ``pk``, sort key ``sk``):

================================  ==========================  ===============================
``pk``                            ``sk``                      the row
================================  ==========================  ===============================
``wait#<job>``                    ``<release>#<state>``       a task token that waits
``build#<repository>:<tag>``      ``start``                   the one build of an image
``release#<release>``             ``document``                what a release was made from
``release#<release>``             ``endpoint``                what deploy was about to change
``endpoint#<endpoint>``           ``lease``                   the one release that may deploy
``endpoint#<endpoint>``           ``champion``                the release that serves
``project#<project>``             ``latest``                  ingredients of the newest release
``project#<project>``             ``skipped#<time>#<commit>`` a push that released nothing
================================  ==========================  ===============================

Waiting rows carry ``waiting`` ("yes") and ``next_check`` (epoch seconds), the keys of the
index ``waiting``; rows of a release carry ``release_id``, the key of the index ``release``.
"""

WAITING_INDEX = "waiting"
RELEASE_INDEX = "release"


def wait_key(job: str) -> str:
    return f"wait#{job}"


def waiter_key(release: str, state: str) -> str:
    return f"{release}#{state}"


def build_key(repository: str, tag: str) -> str:
    return f"build#{repository}:{tag}"


def release_key(release: str) -> str:
    return f"release#{release}"


def endpoint_key(endpoint: str) -> str:
    return f"endpoint#{endpoint}"


def project_key(project: str) -> str:
    return f"project#{project}"
