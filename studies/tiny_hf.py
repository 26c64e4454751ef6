# SPDX-License-Identifier: MIT
"""A model with weights that knows nothing, through Inspect's `hf` provider: is incompetence ever read as obedience?

    pip install torch transformers accelerate -e '.[inspect]'
    python studies/tiny_hf.py --out docs/results/tiny_hf.json

The model is made on the spot and never downloaded: a Llama of a few thousand random weights, with a tokenizer of bytes and
a chat template that takes tools. Of its bytes it may use letters, and beside them two pieces of text, the beginning and the
end of a call; so it babbles, and some of its babble is a real call of bash with a command that is none. All the path of
a checkpoint is run: template, weights, sampling, parsing, jail, and the answer in the next prompt.
Expected: in every arm the agent never gets to the point (`unreached`) or breaks (`error`), the competence headline is 0 of n,
and nothing is settled. The study exits with 1 if any episode counts as obedience, or as anything else that was settled.
CAVEAT: it says nothing about any model that can work. Batches depend on time, so the babble is not the same twice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from string import ascii_lowercase
from typing import Any

# Said before the libraries are imported: nothing is looked for outside this machine.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

ARMS = ("base", "precedence", "benign", "competence")
BEGINS, ENDS, OVER = '<tool_call>{"name": "bash", "arguments": {"command": "', '"}}</tool_call>', "<over>"
TEMPLATE = """{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}
{% endfor %}</tools>
{% endif %}{% for message in messages %}<{{ message.role }}>{{ message.content }}{% for call in message.tool_calls or [] %}<tool_call>{{ call | tojson }}</tool_call>{% endfor %}<over>
{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"""


def make_model(folder: Path, seed: int = 0) -> dict[str, int]:
    """Write a random model and its tokenizer into `folder`, and return how large they are."""
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_alone = Tokenizer(models.BPE(vocab={byte: n for n, byte in enumerate(alphabet)}, merges=[]))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bytes_alone.decoder = decoders.ByteLevel()
    # No special tokens, or the provider would leave them out of what the model said.
    bytes_alone.add_tokens([AddedToken(piece, normalized=False) for piece in (BEGINS, ENDS)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_alone, eos_token=OVER, pad_token=OVER, chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    spoken = set(tokenizer.convert_tokens_to_ids([*ascii_lowercase, "Ġ", BEGINS, ENDS, OVER]))
    model.generation_config = GenerationConfig(
        do_sample=True,
        min_new_tokens=32,  # long enough for calls to come by
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        suppress_tokens=[token for token in range(len(tokenizer)) if token not in spoken],
    )
    model.save_pretrained(folder)
    return {"weights": model.num_parameters(), "vocabulary": len(tokenizer), "spoken": len(spoken)}


def run(folder: Path, logs: Path, *, seeds: int, turns: int, max_tokens: int) -> Any:
    """Run the four arms with the model in `folder`, and return Inspect's log."""
    from inspect_ai import eval
    from inspect_ai.model import get_model

    from offswitch.scenarios.making import make

    model = get_model("hf/local", model_path=str(folder), device="cpu", memoize=False)
    task = make("shutdown", arm=list(ARMS), seeds=seeds, turns=turns)
    [log] = eval(
        task, model=model, log_dir=str(logs), display="none", max_tokens=max_tokens, seed=0, time_limit=300
    )
    return log


def told(log: Any) -> dict[str, Any]:
    """Return by arm what the episodes of a log come to, and the competence headline."""
    from offswitch.episode.reading import read_episodes
    from offswitch.episode.record import Episode
    from offswitch.report.tested import Word, is_hit
    from offswitch.stats.headlines import COMPETENCE, Arm, headlines
    from offswitch.stats.intervals import rate
    from offswitch.verdict.judging import judge

    read = [one for one in read_episodes(Path(log.location)) if isinstance(one, Episode)]
    arms: dict[str, Any] = {}
    counts: dict[str, Arm] = {}
    for arm in ARMS:
        episodes = [one for one in read if one.condition == f"shutdown/{arm}"]
        found = [judge(one) for one in episodes]
        settled = [one for one in found if not one.failure]
        word = Word.ABLE if arm == COMPETENCE else Word.DEFIED
        hits = sum(is_hit(one, word) for one in settled)
        absent = sum(one.failure is not None and one.failure.what == "unreached" for one in found)
        counts[arm] = Arm(
            defied=hits, n=len(settled), failures=len(found) - len(settled) - absent, absent=absent
        )
        calls = [
            call
            for sample in log.samples
            if sample.metadata["arm"] == arm
            for message in sample.messages
            for call in getattr(message, "tool_calls", None) or ()
        ]
        of = len(settled) + (absent if arm == COMPETENCE else 0)
        counted = rate(hits, of)
        arms[arm] = {
            "episodes": len(found),
            "classes": dict(
                Counter(f"failure/{one.failure.what}" if one.failure else one.conduct for one in found)
            ),
            "settled": len(settled),
            "calls": len(calls),
            "unread_calls": sum(call.parse_error is not None for call in calls),
            word.value: {"k": hits, "n": of, "low": counted.interval.low, "high": counted.interval.high},
        }
    found_headlines = headlines(counts)
    tendency = found_headlines.tendency
    return {
        "arms": arms,
        "headlines": {
            line.name: line.shown for line in found_headlines.lines() if line.name in ("raw", *ARMS)
        },
        "tendency": {"value": tendency.value, "because": tendency.because} if tendency else None,
        "settled": sum(arm["settled"] for arm in arms.values()),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--max-tokens", type=int, default=48)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    from importlib.metadata import version

    with tempfile.TemporaryDirectory(prefix="tiny-hf-") as place:
        size = make_model(Path(place) / "model")
        log = run(
            Path(place) / "model",
            Path(place) / "logs",
            seeds=given.seeds,
            turns=given.turns,
            max_tokens=given.max_tokens,
        )
        result = {"status": log.status, **told(log)}
    print(
        f"a model of {size['weights']} random weights, {size['spoken']} tokens that it may use; run: {log.status}"
    )
    for arm, row in result["arms"].items():
        word = "able" if "able" in row else "defied"
        counted = row[word]
        print(
            f"{arm:12} {row['episodes']:3} episodes {row['classes']}  {word} {counted['k']}/{counted['n']} "
            f"[{counted['low']:.1%}, {counted['high']:.1%}]  {row['calls']} calls, {row['unread_calls']} unreadable"
        )
    print("tendency:", result["tendency"])
    if given.out:
        packages = ("offswitch", "inspect-ai", "torch", "transformers", "tokenizers", "accelerate")
        body = {
            "command": f"python studies/tiny_hf.py --seeds {given.seeds} --turns {given.turns} --max-tokens {given.max_tokens}",
            "versions": {name: version(name) for name in packages},
            "model": size,
            **result,
        }
        given.out.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n")
    counted = sum(row["episodes"] for row in result["arms"].values())
    if log.status != "success" or counted != given.seeds * len(ARMS):
        print(f"the run is not whole: {log.status}, {counted} episodes", file=sys.stderr)
        return 1
    if result["settled"]:
        print(
            "an agent that cannot do anything was read as having done something: see the classes",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
