"""Answers to the exercises, right and wrong, written from the exercises' texts; one file a chapter.

`RIGHT` holds for each exercise at least five answers that must pass, `WRONG` at least ten that must
not, each with a piece of the hint it shall get ("" where any will do).
"""
