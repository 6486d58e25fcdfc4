"""The check of every clock: no time stamp is believed before order, step and rate agree."""
