"""What is compared, one promise a file."""
