"""A trained model into the files that the inference image serves, compared before they are written."""
