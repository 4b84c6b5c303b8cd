"""The folder of the plugin's blocks."""
