"""IAM policies for people who view, operate and deploy a project."""
