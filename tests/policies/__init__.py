"""Other people's programs read the template: what they find is mended, or explained."""
