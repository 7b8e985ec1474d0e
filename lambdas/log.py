"""The logger: one JSON object per line, with the release id in each."""

from aws_lambda_powertools import Logger

logger = Logger()
