"""The documentation's site: `make docs` builds it with Sphinx, and every warning is an error."""

project = "Modelwharf"
html_show_copyright = False
extensions = ["myst_parser"]
exclude_patterns = ["adding-a-state.diff"]
myst_heading_anchors = 4  # links to headings, as GitHub makes them
html_theme = "furo"
html_title = "Modelwharf"
html_show_sphinx = False
html_copy_source = False
