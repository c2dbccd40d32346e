"""Camera models for Platypose. Importing this package imports no torch."""
