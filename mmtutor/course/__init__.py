"""The course around the package: checking answers, running notebooks, the command line."""
