"""The trigger of a LoRA: a word that is none, neither to people nor to the text encoder that will read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..core.errors import ModelError, UsageError

_TOKEN = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9]{4,24}")
_MOST_BYTES = 64_000_000
"""Of a vocabulary; umT5's, with 256,000 pieces, has 5 million."""
_TENSOR = "spiece_model"
"""Where ComfyUI's files of T5 encoders hold their tokenizer."""
_SPACE = "▁Ġ"
"""How vocabularies write that a word begins."""


def checked_token(token: str, tokenizer: Path | None = None) -> str:
    """A trigger that is no word: letters and digits mixed, as `m0t10n`, and no piece of a tokenizer's vocabulary.

    tokenizer: as `pieces` takes it; None asks nothing of it.

    Raises:
        UsageError: says how it must be. ModelError: as `pieces`.
    """
    if not _TOKEN.fullmatch(token):
        raise UsageError(f"token: {token[:40]!r}; 4 to 24 small letters and digits, both of them, such as m0t10n")
    if tokenizer is not None and token in pieces(tokenizer):
        raise UsageError(f"token: {token!r} is a word to {tokenizer.name} already, and means something; take another")
    return token


def pieces(path: Path) -> set[str]:
    """What a tokenizer knows as one piece, in small letters: of a text encoder as ComfyUI loads it (`.safetensors`, its
    tokenizer inside), a sentencepiece model (`.model`), or a `vocab.json` or `tokenizer.json` (huggingface/tokenizers).

    Raises:
        ModelError: it is missing, another kind of file, or damaged; or a package to read it is missing.
    """
    try:
        if path.suffix not in (".safetensors", ".model", ".json"):
            raise ValueError("give a text encoder (.safetensors), spiece.model, vocab.json or tokenizer.json")
        if path.suffix == ".safetensors":
            known = _sentencepiece(_inside(path))
        else:
            data = _read(path)
            known = _sentencepiece(data) if path.suffix == ".model" else _listed(json.loads(data))
    except ImportError as error:
        raise ModelError(f"{path}: reading it needs `pip install coverloop[training]` ({error})") from error
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RuntimeError, RecursionError) as error:
        raise ModelError(f"{path}: no vocabulary can be read from it: {str(error)[:120]}") from error
    return {piece.lstrip(_SPACE).removesuffix("</w>").lower() for piece in known}


def _read(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"larger than {_MOST_BYTES // 1_000_000} MB")
    return path.read_bytes()


def _inside(path: Path) -> bytes:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            if _TENSOR not in file.keys():  # noqa: SIM118 - it is no mapping
                raise ValueError(f"it has no {_TENSOR}, as ComfyUI's files of T5 encoders have")
            part = file.get_slice(_TENSOR)
            if part.get_dtype() != "U8" or not 0 < part.get_shape()[0] <= _MOST_BYTES:
                raise ValueError(f"its {_TENSOR} is no row of bytes")
            return part[:].tobytes()
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _sentencepiece(data: bytes) -> Iterable[str]:
    from sentencepiece import SentencePieceProcessor

    model = SentencePieceProcessor()
    model.LoadFromSerializedProto(data)
    return (model.IdToPiece(number) for number in range(model.GetPieceSize()))


def _listed(told: Any) -> Iterable[str]:
    if isinstance(told, dict) and isinstance(told.get("model"), dict):
        told = told["model"].get("vocab")
    if isinstance(told, list):  # of unigram models: pairs of a piece and its score
        told = [row[0] for row in told if isinstance(row, list) and row]
    found = [piece for piece in told or () if isinstance(piece, str)] if isinstance(told, (dict, list)) else []
    if not found:
        raise ValueError("it lists no pieces")
    return found
