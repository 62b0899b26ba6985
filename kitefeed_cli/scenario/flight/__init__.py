"""The flight recorder: what a run met, kept in memory, written as a scenario file, and played again to the same end.

A run is decided by nothing but the events that reach `step`, and their times. `recorder` stands between the loop and
its hands and keeps both; `replay` stands at the same place and hands them in again. Both are a `desk`, which
writes the log as it goes, so the transcripts of a run and of its replay differ only if the policy decided otherwise.
`recording` is the part of the file that holds the events, `plain` how a value stands in it, `incident` the whole
file, and `folder` where it is written.
"""
