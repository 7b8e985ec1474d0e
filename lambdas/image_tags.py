"""Compute an image's tag: the digest of everything that goes into the image.

Resolve computes the tag after it has read the base image's digest. Before that, the digest of the
commit's own files tells whether a commit changes an image at all.
"""

from lambdas.repository import Repository
from modelwharf.contracts.names import content_digest, image_tag
from modelwharf.contracts.parameters import ImageSource, Source


def tag_of(repository: Repository, commit: str, source: Source, image: ImageSource) -> str:
    """Return the tag of the image that ``commit`` makes; ``source`` names the base by its digest.

    Raises UnknownCommit, MissingPath.
    """
    return image_tag(
        {
            **_files(repository, commit, image),
            "base image": source.base_image,
            "platform": source.platform,
        }
    )


def contents_of(repository: Repository, commit: str, source: Source) -> dict[str, str]:
    """Return for each kind of image the digest of the commit's files in it.

    Raises UnknownCommit, MissingPath.
    """
    return {
        kind: content_digest(_files(repository, commit, image))
        for kind, image in (
            ("training", source.training_image),
            ("inference", source.inference_image),
        )
    }


def _files(repository: Repository, commit: str, image: ImageSource) -> dict[str, str]:
    """Return git's id of each file and folder in the image, and the folder it is built in."""
    found = {f"path {path}": repository.object_id(commit, path) for path in image.inputs}
    if image.context != ".":
        repository.object_id(commit, image.context)
    return {
        **found,
        **_ignored(repository, commit, image),
        f"dockerfile {image.dockerfile}": repository.object_id(commit, image.dockerfile),
        "context": image.context,
    }


def _ignored(repository: Repository, commit: str, image: ImageSource) -> dict[str, str]:
    """Return the .dockerignore that the build follows, as containers/buildspec.yml finds it.

    It decides what goes into the image, so it counts even when it is not among the inputs.
    """
    own, of_context = f"{image.dockerfile}.dockerignore", f"{image.context}/.dockerignore"
    for path in (own, of_context.removeprefix("./")):
        identity = repository.found_id(commit, path)
        if identity is not None:
            return {f"ignored {path}": identity}
    return {}
