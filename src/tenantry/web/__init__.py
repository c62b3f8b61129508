"""The console's shell: templates, styles, scripts and the tags every page is written with."""
