"""What people need to be allowed: IAM policies for those who look, operate and deploy."""
