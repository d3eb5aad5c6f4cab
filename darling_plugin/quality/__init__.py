"""How good one response is, whatever its siblings are.

    math_verify.py   1.0 where the final answer equals the reference symbolically, else 0.0
    reference.py     the ground truth in the form that math-verify reads
    final_answer.py  the final answer itself, in one canonical form
    reward_model.py  the raw score of a reward model that verl serves, for `reward.custom_reward_function`

To add a source of quality: a file here with a plain function from a response and its reference to a number.
"""
