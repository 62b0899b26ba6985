"""The daily login: `signin` and `signout`, and where the access token of any command comes from (`tokens`).

`doorstep` is what a login shows while it waits, `standing` how one stands with Kite. `page` is the login that the live
page starts, in a process of its own.
"""
