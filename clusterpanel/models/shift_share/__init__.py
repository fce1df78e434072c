"""Shift-share instruments: shares of places in sectors times shocks to sectors, with errors by shock."""
