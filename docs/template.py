# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # NN · Title · 中文标题
#
# > One sentence: what this chapter promises, as the answer to a question a learner would ask.
#
# **After this chapter you can**
#
# - do this,
# - and explain that.
#
# **You need**: chapters [01](01_read_text.ipynb) and 02 (links only to chapters that exist); what a probability is.
#
# **Time**: 35 minutes to read and do, 25 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | late fusion | 决策级融合 | each modality decides, then the decisions are combined |

# %%
import matplotlib.pyplot as plt
import numpy as np

from mmtutor import datasets, plotting
from mmtutor.exercises import check

plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# Start from something to see or hear, and a question about it. **Predict before you run the next cell**: …

# %%
# One idea a cell, at most about twenty lines, values rounded in print.

# %% [markdown]
# ## 2 · The idea, with its formula
#
# $$ P(c \mid x_1, \dots, x_R) \propto \dots $$

# %%
# The idea in a few visible lines of NumPy ...

# %%
# ... then the package's version of the same thing, and an assertion that both agree.

# %%
fig, ax = plt.subplots()
ax.plot([0, 1], [0, 1])
ax.set(xlabel="what (unit)", ylabel="what (unit)")
plotting.show(fig, alt="What is drawn, and what to see in it.")

# %% [markdown]
# ## What we measured
#
# Each claim of this chapter, asserted (a trained model's digits vary between processors; the claim does not).

# %% tags=["nbval-ignore-output"]
# print the measured value, then assert the claim about it

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. The folded cell below each holds a solution.
#
# ### Exercise NN.1 · What to do
#
# The task in two or three sentences.


# %%
def my_answer(x):
    """Say what comes in, with its shape, and what must come out."""
    ...  # your code here


check("NN.1", my_answer)

# %% [markdown]
# <details><summary>Hint</summary>One nudge in the right direction.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(x):
    return x


check("NN.1", solution_1)

# %% [markdown]
# (two more exercises at least)

# %% [markdown]
# ## Quiz
#
# 1. A question that needs thought?
#
# <details><summary>Answer</summary>The answer, with the reason.</details>
#
# 2. …
#
# <details><summary>Answer</summary>…</details>
#
# 3. …
#
# <details><summary>Answer</summary>…</details>
#
# ## Pitfalls
#
# - **A mistake people make**: what it does, how to see it, what to do instead.
#
# ## References
#
# - Author, Title, venue, year.
#
# **Next**: (`make sync` writes this line, the title and the time)
