"""Survival models: arrays of intervals in, frozen fit out, every pass a fold over firms."""
