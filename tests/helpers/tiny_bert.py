"""An encoder of two small layers with a vocabulary of its own, in sentence-transformers' form: made in a second."""

from pathlib import Path

WORDS = [
    "apple",
    "pear",
    "plum",
    "fig",
    "lemon",
    "name",
    "a",
    "fruit",
    "the",
    "is",
    "red",
    "green",
    "sweet",
    "sour",
    "an",
    "i",
    "say",
    "my",
    "choice",
    "answer",
    "would",
    "be",
    "it",
    "and",
    "of",
    "city",
    "paris",
    "rome",
    "oslo",
    "lima",
]


def make_encoder(folder: Path, *, layers: int = 2, positions: int = 64) -> str:
    """A random BERT; returns its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    letters = [chr(code) for code in range(97, 123)] + list("0123456789.,!?")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys([*tokens, *WORDS]))}
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
    )
    plain = folder / "plain"
    BertModel(config).save_pretrained(plain)
    BertTokenizerFast(vocab=vocabulary, model_max_length=positions).save_pretrained(plain)
    transformer = Transformer(str(plain))
    encoder = SentenceTransformer(modules=[transformer, Pooling(transformer.get_embedding_dimension())], device="cpu")
    encoder.save_pretrained(str(folder / "encoder"), create_model_card=False)
    return str(folder / "encoder")
