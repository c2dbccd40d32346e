"""Motion capture data sets for Platypose."""
