"""Pictures of lifting results for Platypose. Importing this package imports no matplotlib."""
