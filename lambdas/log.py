"""The one logger: a JSON object a line, with the release id in each."""

from aws_lambda_powertools import Logger

logger = Logger()
