"""The limits of one worker: sizes, counts and times."""

MIB = 1024 * 1024

BODY_LIMIT = 25 * MIB  # bytes; SageMaker's limit on InvokeEndpoint's payload
# A body that is too long is still read and discarded, up to this size: a client that is cut off
# while it sends never sees the reason.
DRAIN_LIMIT = 4 * BODY_LIMIT
HEAD_LIMIT = 64 * 1024  # bytes of a request's line and headers
HEADERS_LIMIT = 200  # headers of a request

BUFFERED_BODY = 64 * 1024  # bytes of a body that wait to be read; then the client waits

# Bodies up to here may be answered in the event loop itself: docs/decisions/0120.
INLINE_BODY = 256 * 1024  # bytes
INLINE_BODIES = 64 * MIB  # bytes for all connections; each may hold an equal share
INLINE_NANOSECONDS = 1_000_000  # a slower request is answered in a thread

# Limits on the requests that wait for a thread or run in one; the first limit reached counts. 128
# MiB are five of the largest bodies. The memory of responses is not included.
WAITING = 256  # requests
WAITING_BYTES = 128 * MIB
KEPT_BYTES = 4 * MIB  # bytes of bodies whose memory an idle process may keep
THREADS = 2  # a batch of one second must not block a request of milliseconds

CONNECTIONS = 2_000
BACKLOG = 2048  # connections that wait to be accepted

IDLE_SECONDS = 75  # longer than the proxies before a server keep a connection: nginx 60, an ALB 60
REQUEST_SECONDS = 30  # from a request's first byte to its last
ANSWER_SECONDS = 50  # SageMaker itself gives up after 60
UNREAD_SECONDS = 60  # for a client that does not read its response

SHUTDOWN_SECONDS = 20  # SageMaker kills 30 s after SIGTERM
LINGER_SECONDS = 3  # after SIGTERM; a kept-alive connection may send another request
RETRY_SECONDS = 1  # the Retry-After of a 503
