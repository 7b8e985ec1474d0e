"""The AWS stack: one construct per role, one file each.

Importing this package tells jsii where its Node is, so import nothing from ``aws_cdk`` before it.
"""

import os

from infra.node import provide_node, require_cdk

require_cdk()
provide_node(os.environ)
