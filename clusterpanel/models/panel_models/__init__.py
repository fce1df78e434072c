"""Panels of firms: random effects, between, first difference, and the tests that choose among them."""
