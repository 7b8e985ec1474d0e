"""A trained model into the files that the server reads, compared before they are written."""
