"""The R-peak detector inside: filters, candidates, rules, positions; for signals in pieces of any size."""
