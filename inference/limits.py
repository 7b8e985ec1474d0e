"""What the server takes on, and for how long: the limits of one worker."""

MIB = 1024 * 1024

BODY_LIMIT = 25 * MIB  # bytes; SageMaker's limit on InvokeEndpoint's payload
# A body that is too long is still read, and thrown away, up to here: a client that is cut
# off while it sends never sees why.
DRAIN_LIMIT = 4 * BODY_LIMIT
HEAD_LIMIT = 64 * 1024  # bytes of a request's line and headers
HEADERS_LIMIT = 200  # headers of a request

# Bodies up to here may be answered in the event loop itself: docs/decisions/0017.
INLINE_BODY = 256 * 1024  # bytes
INLINE_BODIES = 64 * MIB  # bytes; shared by the connections, each of which may keep its part
INLINE_NANOSECONDS = 1_000_000  # an answer that takes longer is worked out in a thread

# What may wait for a thread or be in one: of both, whichever comes first. 128 MiB are five of
# the largest bodies; an answer's own memory comes on top.
WAITING = 256  # requests
WAITING_BYTES = 128 * MIB
KEPT_BYTES = 4 * MIB  # of bodies, whose memory the process may keep when nothing is asked
THREADS = 2  # so that a batch of a second does not keep the next from its milliseconds

CONNECTIONS = 2_000

IDLE_SECONDS = 75  # longer than the proxies before a server keep a connection: nginx 60, an ALB 60
REQUEST_SECONDS = 30  # for a request to arrive, from its first byte to its last
ANSWER_SECONDS = 50  # SageMaker itself gives up after 60
UNREAD_SECONDS = 60  # for a client that does not read its answer

SHUTDOWN_SECONDS = 20  # SageMaker kills 30 s after SIGTERM
LINGER_SECONDS = 3  # in which a connection kept alive may still ask, after SIGTERM
RETRY_SECONDS = 1  # what a client that is turned away is told to wait
