"""The policy's forward pass, written for this experiment: a prompt is read once, whatever the number of its responses.

transformers reads a prompt anew with each of its 8 responses, and again for the log-probabilities of what it has just
sampled. Those are nearly half of a step here. The weights are the Llama's own parameters; the numbers equal
transformers' up to rounding (`tests/countdown/experiment/test_forward.py`).

    x' = x + W_o · attention(norm(x)),   x'' = x' + W_down · (silu(W_gate · norm(x')) × W_up · norm(x'))

Llama: Touvron et al. 2023, arXiv 2302.13971. Rotary positions: Su et al. 2021, arXiv 2104.09864.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from darling_plugin.countdown.task import RESPONSE_LENGTH

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

    Turns = tuple[torch.Tensor, torch.Tensor]


class Sampled(NamedTuple):
    """Responses of the policy and what it said of each token; shapes (rows, tokens ≤ RESPONSE_LENGTH).

    tokens: after its end token a row holds only end tokens; what is said of those is not to be used.
    log_prob: of each token. entropy: of the token that may come there, in nats.
    """

    tokens: torch.Tensor
    log_prob: torch.Tensor
    entropy: torch.Tensor


def sample(
    policy: LlamaForCausalLM, prompts: torch.Tensor, samples: int, end: int, generator: torch.Generator
) -> Sampled:
    """Sample `samples` responses to each prompt at temperature 1; row i answers prompt i // samples.

    Args:
        prompts: token ids, shape (prompts, tokens): all of one length.
        end: the id of the end token.
    """
    import torch

    count, length = prompts.shape
    layers = policy.model.layers
    with torch.no_grad():
        x, known = _read_prompts(policy, prompts)
        logits = _logits(policy, x[:, -1]).repeat_interleave(samples, dim=0)
        shape = (len(layers), 2, len(logits), policy.config.num_attention_heads, RESPONSE_LENGTH - 1)
        own = torch.empty(*shape, known[0][0].shape[-1])  # keys and values of the responses' tokens, layer by layer
        tokens, log_probs, entropies = [], [], []
        ended = torch.zeros(len(logits), dtype=torch.bool)
        while True:
            log_p = torch.log_softmax(logits, dim=-1)
            p = log_p.exp()
            drawn = torch.multinomial(p, 1, generator=generator)[:, 0].masked_fill(ended, end)
            tokens.append(drawn)
            log_probs.append(log_p.gather(1, drawn[:, None])[:, 0])
            entropies.append(-(p * log_p).sum(dim=-1))
            ended |= drawn == end
            if len(tokens) == RESPONSE_LENGTH or bool(ended.all()):
                return Sampled(*(torch.stack(each, dim=1) for each in (tokens, log_probs, entropies)))
            x = policy.model.embed_tokens(drawn)
            done = len(tokens)
            turns = _turns(policy, torch.full((len(x),), length + done - 1))
            for layer, (keys, values), mine in zip(layers, known, own, strict=True):
                query, mine[0, :, :, done - 1], mine[1, :, :, done - 1] = _heads(policy, layer, x, turns)
                # Against the prompt's keys, which all of a prompt's rows share, and against the row's own few.
                by_prompt = query.unflatten(0, (count, samples)).transpose(1, 2)
                scores = (by_prompt @ keys.transpose(2, 3)).transpose(1, 2).flatten(0, 1)
                others = (mine[0, :, :, :done] @ query[..., None])[..., 0]
                weights = torch.softmax(torch.cat([scores, others], dim=-1) * query.shape[-1] ** -0.5, dim=-1)
                shared = weights[..., :length].unflatten(0, (count, samples)).transpose(1, 2) @ values
                heads = shared.transpose(1, 2).flatten(0, 1)
                heads = heads + (weights[..., None, length:] @ mine[1, :, :, :done])[..., 0, :]
                x = _after_attention(policy, layer, x, heads)
            logits = _logits(policy, x)


def read(
    policy: LlamaForCausalLM, prompts: torch.Tensor, prompt_of: torch.Tensor, responses: torch.Tensor
) -> torch.Tensor:
    """The log-probability of each token of the responses at temperature 1, with gradients; shape of `responses`."""
    return _distributions(policy, prompts, prompt_of, responses).gather(2, responses[:, :, None])[:, :, 0]


def read_with_entropy(
    policy: LlamaForCausalLM, prompts: torch.Tensor, prompt_of: torch.Tensor, responses: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What `read` gives, and the entropy of the token that may come there, in nats, with gradients as well."""
    log_p = _distributions(policy, prompts, prompt_of, responses)
    return log_p.gather(2, responses[:, :, None])[:, :, 0], -(log_p.exp() * log_p).sum(dim=-1)


def _distributions(
    policy: LlamaForCausalLM, prompts: torch.Tensor, prompt_of: torch.Tensor, responses: torch.Tensor
) -> torch.Tensor:
    """Log-probabilities of all tokens at each place of the responses, shape (rows, tokens, vocabulary).

    Args:
        prompts: token ids, shape (prompts, tokens): all of one length.
        prompt_of: responses[i] answers prompts[prompt_of[i]].
        responses: token ids, shape (rows, tokens).
    """
    import torch
    from torch.nn import functional as F

    length, width = prompts.shape[1], responses.shape[1] - 1  # the last token predicts nothing
    prompt_x, known = _read_prompts(policy, prompts)
    x = policy.model.embed_tokens(responses[:, :-1].flatten())
    turns = _turns(policy, torch.arange(length, length + width).repeat(len(responses)))
    mask = _causal(width, length + width)
    for layer, (keys, values) in zip(policy.model.layers, known, strict=True):
        query, key, value = (each.unflatten(0, (-1, width)).transpose(1, 2) for each in _heads(policy, layer, x, turns))
        heads = F.scaled_dot_product_attention(
            query,
            torch.cat([keys[prompt_of], key], dim=2),
            torch.cat([values[prompt_of], value], dim=2),
            attn_mask=mask,
        )
        x = _after_attention(policy, layer, x, heads.transpose(1, 2).flatten(0, 1))
    # The last prompt token predicts the first of the response.
    first = prompt_x[:, -1][prompt_of]
    logits = _logits(policy, torch.cat([first[:, None], x.unflatten(0, (-1, width))], dim=1))
    return torch.log_softmax(logits, dim=-1)


def _read_prompts(
    policy: LlamaForCausalLM, prompts: torch.Tensor
) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
    """What the layers make of the prompts, shape (prompts, tokens, hidden), and each layer's keys and values.

    Keys and values have the shape (prompts, heads, tokens, head width).
    """
    import torch
    from torch.nn import functional as F

    count, length = prompts.shape
    x = policy.model.embed_tokens(prompts.flatten())
    turns, mask, known = _turns(policy, torch.arange(length).repeat(count)), _causal(length, length), []
    for layer in policy.model.layers:
        query, key, value = (
            each.unflatten(0, (count, length)).transpose(1, 2) for each in _heads(policy, layer, x, turns)
        )
        known.append((key, value))
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = _after_attention(policy, layer, x, heads.transpose(1, 2).flatten(0, 1))
    return x.unflatten(0, (count, length)), known


def _heads(policy: LlamaForCausalLM, layer: Any, x: torch.Tensor, turns: Turns) -> tuple[torch.Tensor, ...]:
    """Query, key and value of each token, shape (tokens, heads, head width); `turns`: of its place in the sequence."""
    import torch
    from torch.nn import functional as F

    own = layer.self_attn
    weight = torch.cat([own.q_proj.weight, own.k_proj.weight, own.v_proj.weight])
    projected = F.linear(_norm(policy, layer.input_layernorm, x), weight)
    each = projected.unflatten(-1, (3, policy.config.num_attention_heads, -1))
    return *_rotate(each[:, :2], turns).unbind(-3), each[:, 2]


def _after_attention(policy: LlamaForCausalLM, layer: Any, x: torch.Tensor, heads: torch.Tensor) -> torch.Tensor:
    """The rest of a layer; `heads`: what attention found, shape (tokens, heads, head width)."""
    from torch.nn import functional as F

    x = x + F.linear(heads.flatten(-2), layer.self_attn.o_proj.weight)
    normed, mlp = _norm(policy, layer.post_attention_layernorm, x), layer.mlp
    gated = F.silu(F.linear(normed, mlp.gate_proj.weight)) * F.linear(normed, mlp.up_proj.weight)
    return x + F.linear(gated, mlp.down_proj.weight)


def _logits(policy: LlamaForCausalLM, x: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional as F

    return F.linear(_norm(policy, policy.model.norm, x), policy.lm_head.weight)


def _norm(policy: LlamaForCausalLM, norm: Any, x: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional as F

    return F.rms_norm(x, (x.shape[-1],), norm.weight, policy.config.rms_norm_eps)


def _turns(policy: LlamaForCausalLM, at: torch.Tensor) -> Turns:
    """Cosine and sine of the angles of each token, shape (tokens, 1, 1, head width / 2); `at`: its place."""
    import torch

    angles = torch.outer(at.float(), policy.model.rotary_emb.inv_freq)[:, None, None]
    return angles.cos(), angles.sin()


def _rotate(x: torch.Tensor, turns: Turns) -> torch.Tensor:
    """x: shape (tokens, any, heads, head width)."""
    import torch

    (first, second), (cos, sin) = x.chunk(2, dim=-1), turns
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def _causal(rows: int, columns: int) -> torch.Tensor:
    """What is added to the scores: row i of the last `rows` tokens sees itself and what came before."""
    import torch

    return torch.full((rows, columns), float("-inf")).triu(columns - rows + 1)
