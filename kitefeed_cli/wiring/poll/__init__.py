"""`kitefeed poll`: quotes from REST as long as one likes (`poller`), or `once`.

`voice` is what a long poll shows; `words` say what a failed one means to somebody who wants quotes.
"""
