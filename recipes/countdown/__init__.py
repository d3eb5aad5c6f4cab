"""The quickstart and the experiment on Countdown (`darling_plugin/countdown/` is the task).

quickstart.py     all of it in order; request.py: its options; verl_job.py: the training by verl
model.py          a GPT of 0.3M parameters, and its tokenizer
warmstart.py      supervised steps, before RL; warmstart_record.py: what is known of them, so that they are made once
pairs.py          labeled pairs of responses, for the learned classifier
learned_similarity.py  a classifier trained on them; agreement.py: how far it agrees with the symbolic one
evaluate.py       pass@k and right classes of a policy
report.py         the table before and after; plot.py: the curves
threads.py        how many threads PyTorch uses, for the length of one block
experiment/       the methods compared, in a small PyTorch loop and through verl
"""
