"""How good one response is, whatever its siblings are.

    math_verify.py   1.0 where the final answer equals the reference symbolically, else 0.0
    reward_model.py  the raw score of a reward model that verl serves, for `reward.custom_reward_function`
    conversion/      a reward model with a value head (Athene-RM-8B) to a sequence classifier, which vLLM serves

To add a source of quality: one file here, a plain function from a response and its reference to a number.
"""
