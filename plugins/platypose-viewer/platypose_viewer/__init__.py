"""A page that shows lifting results in a browser. Importing this package imports no numpy."""
