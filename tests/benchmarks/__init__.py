"""`make bench`: each budget beside what was measured. Never part of the tests: a busy machine proves nothing."""
