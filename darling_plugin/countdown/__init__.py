"""Countdown: reach a target number with some of five digits. A task on which the effect shows in minutes on a CPU.

    task.py           prompts, responses, and and the class of a response: its solution, in any order
    data.py           prompts by digit pool: training and unseen
    reward.py         quality: 1.0 for a right solution, else 0.0
    similarity.py     the similarity `darling_plugin.countdown.similarity:equivalent`: the same solution or not, exactly

The quickstart and the experiment on it are in `recipes/countdown/`.
"""
