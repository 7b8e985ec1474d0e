"""Keys of the ledger, the DynamoDB table of waiting tasks, releases and their order.

Rows (partition key ``pk``, sort key ``sk``):

================================  ==========================  ===============================
``pk``                            ``sk``                      the row
================================  ==========================  ===============================
``wait#<job>``                    ``<release>#<state>``       a task token that waits
``build#<repository>:<tag>``      ``start``                   the one build of an image
``training#<ingredients>``        ``result``                  what a training job of these
                                                              ingredients (a digest) came to
``release#<release>``             ``document``                what a release was made from
``release#<release>``             ``endpoint``                what deploy was about to change
``release#<release>``             ``stopped``                 its execution was stopped: nothing may
                                                              be submitted for it any more
``endpoint#<endpoint>``           ``lease``                   the one release that may deploy
``endpoint#<endpoint>``           ``champion``                the release that serves
``project#<project>``             ``order``                   the last number in the order of
                                                              releases, and what the newest one
                                                              is made of
``project#<project>``             ``head``                    the branch's head, as last considered
``message#<project>#<message>``   ``decision``                what came of a message
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


def training_key(ingredients: str) -> str:
    return f"training#{ingredients}"


def release_key(release: str) -> str:
    return f"release#{release}"


def endpoint_key(endpoint: str) -> str:
    return f"endpoint#{endpoint}"


def message_key(project: str, message: str) -> str:
    return f"message#{project}#{message}"


def project_key(project: str) -> str:
    return f"project#{project}"
