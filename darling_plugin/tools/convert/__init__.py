"""`darling convert-reward-model`: a reward model with a value head becomes one that transformers and vLLM serve.

Athene-RM-8B is a Llama whose `v_head` (hidden → 1, no bias) is read at the last CLS token, id 128003, which its
authors' code puts after the chat-formatted conversation. No server knows that architecture. The same numbers come out
of a `LlamaForSequenceClassification`, which reads `score` at the last token, once the chat template itself ends with
the CLS token. No `trust_remote_code`, and no weight is changed.

    source.py     a folder or a name on the hub to its shards, checked against that shape
    tokens.py     the tokenizer: CLS at the end of the template, one BOS, a padding token that is not the CLS
    weights.py    shards to safetensors, block by block, with the head renamed
    convert.py    all of it: start here
    cli.py        the command

One BOS: DARLING's authors score with one (verl/workers/fsdp_workers.py in facebookresearch/darling), and so does verl's
reward loop. The example on Athene's model card tokenizes a text that begins with BOS already, so that a tokenizer which
adds BOS makes it two.
"""
