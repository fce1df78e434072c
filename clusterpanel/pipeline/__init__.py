"""Run a study stage by stage, resumably."""
