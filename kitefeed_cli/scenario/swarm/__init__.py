"""Random trading days: which faults exist, how many and when is drawn, day by day, from one number.

Each day has its own source of chance, made of the seed and the day's number, so day 173 is the same day whether or
not the 172 before it are played. A day is an ordinary scenario: stretches in which anything goes (safety), each of
them healed at a moment from which on everything works (liveness). One that breaks a rule is written as a file.
"""
