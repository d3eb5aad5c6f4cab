"""SmolLM2 on one core: sampling, and reading with gradients, as fast as it goes without a GPU.

A training step of transformers takes some twenty seconds here. What makes this one quicker:

- Matrix products are in bfloat16, twice as fast as in float32 on a processor that has them; the trained weights are
  kept in float32 beside it, and so are AdamW's moments.
- Only the last `trained` layers learn. What the layers below made of each token is known from sampling: the training
  pass begins there.
- A prompt is read once, whatever the number of its responses.
- Only the tokens of `vocabulary` can be sampled: the head is two thirds smaller.

The formulas are the Llama's (Touvron et al. 2023, arXiv 2302.13971), with grouped queries (Ainslie et al. 2023, arXiv
2305.13245): heads 3i, 3i+1 and 3i+2 share keys and values i.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from darling_plugin.errors import InputError

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM


class Layer(NamedTuple):
    """The weights of one layer; those that read the same input are stacked. Norms: shape (hidden,)."""

    norm: torch.Tensor
    qkv: torch.Tensor
    out: torch.Tensor
    norm_mlp: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


class Shape(NamedTuple):
    """Of the network: heads, heads of keys and values, their width, the base of the rotation, epsilon of the norms."""

    heads: int
    key_heads: int
    width: int
    base: float
    epsilon: float


class Prompts(NamedTuple):
    """Token ids of several prompts, shape (prompts, tokens), padded on the left; `pad`: which of them are padding."""

    ids: torch.Tensor
    pad: torch.Tensor


class Sampled(NamedTuple):
    """Responses, rows (prompt 0's first), and what the policy said of each token; shapes (rows, tokens).

    tokens: ids; after its end token a row holds only end tokens, and what is said of those is not to be used.
    log_prob: of each token. entropy: of the token that may come there, in nats.
    prompt_states, states: what the frozen layers made of the tokens of the prompts, shape (prompts, tokens, hidden),
        and of the responses but for their last, shape (rows, tokens − 1, hidden).
    """

    tokens: torch.Tensor
    log_prob: torch.Tensor
    entropy: torch.Tensor
    prompt_states: torch.Tensor
    states: torch.Tensor


class Engine:
    """A policy: the frozen layers in bfloat16, the last `trained` in float32, and the head over `vocabulary`.

    Args:
        model: transformers' Llama with tied embeddings; its weights are copied.
        vocabulary: ids of the tokens that can be sampled, ascending; `end` is one of them.
        end: the id of the end token.
        trained: how many of the last layers learn.
    """

    def __init__(self, model: LlamaForCausalLM, vocabulary: torch.Tensor, end: int, trained: int) -> None:
        import torch

        config: Any = model.config
        if not 1 <= trained <= config.num_hidden_layers:
            raise InputError(f"`trained` must be from 1 to {config.num_hidden_layers} layers, got {trained}")
        width = config.hidden_size // config.num_attention_heads
        self.shape = Shape(
            config.num_attention_heads,
            config.num_key_value_heads,
            width,
            config.rope_parameters["rope_theta"],
            config.rms_norm_eps,
        )
        self.vocabulary, self.end, self.trained = vocabulary, end, trained
        self._end = int((vocabulary == end).nonzero()[0, 0])
        half = torch.bfloat16
        with torch.no_grad():
            self._embedding = model.model.embed_tokens.weight.to(half)
            self._head = model.lm_head.weight[vocabulary].to(half)
            self._norm = model.model.norm.weight.to(half)
            layers = [_layer(each) for each in model.model.layers]
        self._frozen = [Layer(*(each.to(half) for each in layer)) for layer in layers[:-trained]]
        self._masters = [Layer(*(each.float().requires_grad_() for each in layer)) for layer in layers[-trained:]]
        self.refresh()

    def parameters(self) -> list[torch.Tensor]:
        """What learns, in float32, always in one order."""
        return [weight for layer in self._masters for weight in layer]

    def refresh(self) -> None:
        """Take over what an optimizer did to `parameters` into the copies that sampling uses."""
        import torch

        self._halves = [Layer(*(each.detach().to(torch.bfloat16) for each in layer)) for layer in self._masters]

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The trained weights by name, such as `0.qkv` for the lowest trained layer."""
        return {name: weight.detach() for name, weight in self._named()}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        import torch

        with torch.no_grad():
            for name, weight in self._named():
                weight.copy_(state[name])
        self.refresh()

    def save(self, model: LlamaForCausalLM) -> None:
        """Write the trained weights into transformers' model, the one that this engine was made of."""
        import torch

        with torch.no_grad():
            for layer, own in zip(model.model.layers[-self.trained :], self._masters, strict=True):
                for target, source in zip(_parts(layer), _unstacked(layer, own), strict=True):
                    target.copy_(source)

    def sample(
        self, prompts: Prompts, samples: int, longest: int, generator: torch.Generator, temperature: float = 1.0
    ) -> Sampled:
        """`samples` responses to each prompt, of at most `longest` tokens; log-probabilities at that temperature."""
        import torch

        count, length = prompts.ids.shape
        layers = self._frozen + self._halves
        rows, below = count * samples, len(self._frozen)
        with torch.no_grad():
            x, known, prompt_states = self._read_prompts(prompts, layers)
            logits = self._logits(x[:, -1]).repeat_interleave(samples, dim=0)
            own = torch.empty(len(layers), 2, rows, self.shape.key_heads, longest, self.shape.width, dtype=x.dtype)
            hidden = torch.zeros(rows, longest, x.shape[-1], dtype=x.dtype)
            tokens, log_probs, entropies = [], [], []
            ended = torch.zeros(rows, dtype=torch.bool)
            masked = _added(prompts.pad)[:, None, None, :]
            while True:
                log_p = torch.log_softmax(logits.float() / temperature, dim=-1)
                p = log_p.exp()
                drawn = _draw(p, generator).masked_fill(ended, self._end)
                tokens.append(self.vocabulary[drawn])
                log_probs.append(log_p.gather(1, drawn[:, None])[:, 0])
                entropies.append(-(p * log_p).sum(dim=-1))
                ended |= drawn == self._end
                done = len(tokens)
                if done == longest or bool(ended.all()):
                    token, log_prob, entropy = (torch.stack(each, dim=1) for each in (tokens, log_probs, entropies))
                    return Sampled(token, log_prob, entropy, prompt_states, hidden[:, : done - 1])
                x = self._embedding[tokens[-1]]
                angles = self._angles(torch.tensor([length + done - 1]))
                for number, (layer, (keys, values)) in enumerate(zip(layers, known, strict=True)):
                    if number == below:
                        hidden[:, done - 1] = x
                    query, key, value = self._heads(layer, x, angles)
                    own[number, 0, :, :, done - 1], own[number, 1, :, :, done - 1] = key, value
                    mine = own[number, :, :, :, :done]
                    x = self._after(layer, x, self._attend_one(query, keys, values, mine, masked, samples))
                logits = self._logits(x)

    def read(
        self, prompts: Prompts, sampled: Sampled, rows: torch.Tensor, prompt_of: torch.Tensor, temperature: float = 1.0
    ) -> torch.Tensor:
        """The log-probability of each token of these rows, with gradients; shape (len(rows), tokens)."""
        import torch

        wanted, prompt_of = torch.unique(prompt_of, return_inverse=True)
        few = Prompts(prompts.ids[wanted], prompts.pad[wanted])
        tokens = torch.searchsorted(self.vocabulary, sampled.tokens[rows])
        logits = self._read(few, sampled.prompt_states[wanted], sampled.states[rows], prompt_of)
        log_p = torch.log_softmax(logits.float() / temperature, dim=-1)
        return log_p.gather(2, tokens[:, :, None])[:, :, 0]

    def read_texts(self, prompts: Prompts, responses: torch.Tensor, prompt_of: torch.Tensor) -> torch.Tensor:
        """As `read`, of responses that were not sampled here: their frozen layers are computed first."""
        import torch

        with torch.no_grad():
            prompt_states, known, _ = self._read_prompts(prompts, self._frozen)
            x = self._embedding[responses[:, :-1]]
            for layer, pair in zip(self._frozen, known, strict=True):
                x = self._over_responses(layer, x, pair, prompts.pad, prompt_of)
        logits = self._read(prompts, prompt_states, x, prompt_of)
        tokens = torch.searchsorted(self.vocabulary, responses)
        return torch.log_softmax(logits.float(), dim=-1).gather(2, tokens[:, :, None])[:, :, 0]

    def _read(
        self, prompts: Prompts, prompt_states: torch.Tensor, states: torch.Tensor, prompt_of: torch.Tensor
    ) -> torch.Tensor:
        """Logits at each place of the responses, the first one after the prompt's last token."""
        import torch

        half = [Layer(*(each.to(torch.bfloat16) for each in layer)) for layer in self._masters]
        prompt_x, known, _ = self._read_prompts(prompts, half, prompt_states)
        x = states
        for layer, pair in zip(half, known, strict=True):
            x = self._over_responses(layer, x, pair, prompts.pad, prompt_of)
        return self._logits(torch.cat([prompt_x[:, -1][prompt_of][:, None], x], dim=1))

    def _read_prompts(
        self, prompts: Prompts, layers: list[Layer], x: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
        """What the layers make of the prompts, their keys and values, and what the frozen ones among them made.

        Keys and values have the shape (prompts, key heads, tokens, width).
        """
        import torch
        from torch.nn import functional as F

        x = self._embedding[prompts.ids] if x is None else x
        length = prompts.ids.shape[1]
        angles, known, frozen = self._angles(torch.arange(length)), [], x
        mask = torch.full((length, length), float("-inf")).triu(1) + _added(prompts.pad)[:, None, None, :].float()
        mask = mask.clamp(min=torch.finfo(torch.bfloat16).min).to(x.dtype)  # finite: padding sees only padding
        for number, layer in enumerate(layers):
            if number == len(self._frozen):
                frozen = x
            query, key, value = (each.transpose(1, 2) for each in self._heads(layer, x, angles))
            known.append((key, value))
            heads = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
            x = self._after(layer, x, heads.transpose(1, 2))
        return x, known, frozen

    def _over_responses(
        self,
        layer: Layer,
        x: torch.Tensor,
        known: tuple[torch.Tensor, torch.Tensor],
        pad: torch.Tensor,
        prompt_of: torch.Tensor,
    ) -> torch.Tensor:
        """One layer over whole responses, shape (rows, tokens, hidden); row i follows prompt `prompt_of[i]`."""
        import torch
        from torch.nn import functional as F

        keys, values = known
        length, width = keys.shape[2], x.shape[1]
        query, key, value = (
            each.transpose(1, 2) for each in self._heads(layer, x, self._angles(torch.arange(length, length + width)))
        )
        causal = torch.full((width, width), float("-inf"), dtype=x.dtype).triu(1).expand(len(x), 1, width, width)
        before = _added(pad)[prompt_of][:, None, None, :].expand(len(x), 1, width, length)
        heads = F.scaled_dot_product_attention(
            query,
            torch.cat([keys[prompt_of], key], dim=2),
            torch.cat([values[prompt_of], value], dim=2),
            attn_mask=torch.cat([before, causal], dim=3),
            enable_gqa=True,
        )
        return self._after(layer, x, heads.transpose(1, 2))

    def _attend_one(
        self,
        query: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        own: torch.Tensor,
        masked: torch.Tensor,
        samples: int,
    ) -> torch.Tensor:
        """Attention of one new token of each row; query and result of the shape (rows, heads, width).

        Against the prompt's keys, which all rows of a prompt share, and against the row's own.
        """
        import torch

        rows, shape = len(query), self.shape
        each = shape.heads // shape.key_heads
        grouped = query.reshape(rows, shape.key_heads, each, shape.width) * shape.width**-0.5
        by_prompt = grouped.reshape(-1, samples, shape.key_heads, each, shape.width).transpose(1, 2)
        by_prompt = by_prompt.reshape(-1, shape.key_heads, samples * each, shape.width)
        scores = (by_prompt @ keys.transpose(2, 3) + masked).reshape(-1, shape.key_heads, samples, each, keys.shape[2])
        scores = scores.transpose(1, 2).reshape(rows, shape.key_heads, each, -1)
        weights = torch.softmax(torch.cat([scores, grouped @ own[0].transpose(2, 3)], dim=-1), dim=-1)
        shared = weights[..., : keys.shape[2]].reshape(-1, samples, shape.key_heads, each, keys.shape[2])
        shared = shared.transpose(1, 2)
        shared = shared.reshape(-1, shape.key_heads, samples * each, keys.shape[2]) @ values
        shared = shared.reshape(-1, shape.key_heads, samples, each, shape.width).transpose(1, 2)
        found = shared.reshape(rows, shape.key_heads, each, shape.width) + weights[..., keys.shape[2] :] @ own[1]
        return found.reshape(rows, shape.heads, shape.width)

    def _heads(self, layer: Layer, x: torch.Tensor, angles: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Query, key and value of each token, shape (…, heads, width); `angles`: of each token's place."""
        from torch.nn import functional as F

        shape = self.shape
        projected = F.linear(self._normed(layer.norm, x), layer.qkv).unflatten(-1, (-1, shape.width))
        query, key, value = projected.split([shape.heads, shape.key_heads, shape.key_heads], dim=-2)
        return _rotate(query, angles), _rotate(key, angles), value

    def _after(self, layer: Layer, x: torch.Tensor, heads: torch.Tensor) -> torch.Tensor:
        """The rest of a layer; `heads`: what attention found, shape (…, heads, width)."""
        from torch.nn import functional as F

        x = x + F.linear(heads.flatten(-2), layer.out)
        gate, up = F.linear(self._normed(layer.norm_mlp, x), layer.gate_up).chunk(2, dim=-1)
        return x + F.linear(F.silu(gate) * up, layer.down)

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional as F

        return F.linear(self._normed(self._norm, x), self._head)

    def _normed(self, weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional as F

        return F.rms_norm(x, (x.shape[-1],), weight, self.shape.epsilon)

    def _angles(self, at: torch.Tensor) -> torch.Tensor:
        """Cosines and sines of each place, shape (2, places, 1, width / 2)."""
        import torch

        half = self.shape.width // 2
        turns = torch.outer(at.double(), self.shape.base ** (-torch.arange(half).double() / half))[:, None]
        return torch.stack([turns.cos(), turns.sin()]).to(torch.bfloat16)

    def _named(self) -> Iterator[tuple[str, torch.Tensor]]:
        for number, layer in enumerate(self._masters):
            for name, weight in layer._asdict().items():
                yield f"{number}.{name}", weight


def load_model(folder: Path) -> LlamaForCausalLM:
    """transformers' model of a folder, in float32."""
    import torch
    from transformers import LlamaForCausalLM

    from darling_plugin.similarity.quiet_loading import quiet_loading

    with quiet_loading(str(folder)):
        return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def _parts(layer: Any) -> list[torch.Tensor]:
    """The weights of transformers' layer, in the order of `Layer`."""
    own, mlp = layer.self_attn, layer.mlp
    return [
        layer.input_layernorm.weight,
        own.q_proj.weight,
        own.k_proj.weight,
        own.v_proj.weight,
        own.o_proj.weight,
        layer.post_attention_layernorm.weight,
        mlp.gate_proj.weight,
        mlp.up_proj.weight,
        mlp.down_proj.weight,
    ]


def _layer(layer: Any) -> Layer:
    import torch

    norm, q, k, v, out, norm_mlp, gate, up, down = (weight.detach().clone() for weight in _parts(layer))
    return Layer(norm, torch.cat([q, k, v]), out, norm_mlp, torch.cat([gate, up]), down)


def _unstacked(layer: Any, own: Layer) -> list[torch.Tensor]:
    sizes = [len(weight) for weight in _parts(layer)]
    q, k, v = own.qkv.split(sizes[1:4])
    gate, up = own.gate_up.split(sizes[6:8])
    return [own.norm, q, k, v, own.out, own.norm_mlp, gate, up, own.down]


def _added(pad: torch.Tensor) -> torch.Tensor:
    """What is added to the scores of prompt tokens: the least bfloat16 for padding, 0 for others."""
    import torch

    return torch.zeros(pad.shape, dtype=torch.bfloat16).masked_fill(pad, torch.finfo(torch.bfloat16).min)


def _draw(p: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One column of each row, by its probabilities: where their sum passes a uniform number.

    `torch.multinomial` draws a number for each column, a quarter of the time of a step.
    """
    import torch

    reached = p.cumsum(dim=-1, dtype=torch.float64)
    wanted = torch.rand(len(p), 1, generator=generator, dtype=torch.float64) * reached[:, -1:]
    return torch.searchsorted(reached, wanted, right=True)[:, 0].clamp(max=p.shape[1] - 1)


def _rotate(x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    import torch

    first, second = x.chunk(2, dim=-1)
    cos, sin = angles
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
