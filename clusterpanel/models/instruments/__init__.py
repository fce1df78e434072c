"""Instruments: two-stage least squares, how strong the instruments are, and what holds if they are weak."""
