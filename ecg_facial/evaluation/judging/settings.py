"""Choices of whoever has a predictions file judged.

Input: nothing. Output: the names of the choices, and what is taken where none is made.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Decisions: TypeAlias = Literal["predicted", "probabilities"]
# the program that wrote the file may decide by a rule of its own, such as a threshold
DECISIONS: Final = "predicted"
