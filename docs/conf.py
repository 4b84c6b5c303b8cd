"""The site: `make docs`."""

import archspec

project = "archspec"
author = "the archspec authors"
copyright = "the archspec authors"
release = version = archspec.__version__

extensions = ["archspec.sphinx", "myst_parser"]
exclude_patterns = ["_build", "playground"]
html_theme = "furo"
html_title = "archspec"
html_theme_options = {"dark_css_variables": {"color-background-primary": "#0d1117"}}  # as in the pictures
html_copy_source = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = True

archspec_reference = "reference"
archspec_gallery = "gallery"
archspec_gallery_specs = ["../specs/*.yaml"]
