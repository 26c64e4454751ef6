# SPDX-License-Identifier: MIT
"""What a model's name says before anything runs: whether Inspect knows it, whether it costs money, and what its tokens cost.

Inspect makes the model and says what it misses; here that becomes one line with the cure. The one thing that is easy to
get wrong: models with weights are not made to be looked at, for that would load them.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from offswitch.organisms.errors import OrganismError
from offswitch.scenarios.errors import ModelError, ScenarioError

OURS = "offswitch"
FREE = (OURS, "mockllm", "none")
LOCAL = (
    "hf",
    "vllm",
    "vllm-completions",
    "sglang",
    "ollama",
    "llama-cpp-python",
    "transformer_lens",
    "nnterp",
)
"""Providers that run weights on machines of your own: no bill by the token."""
BEHIND_AN_API = (
    "openai anthropic google groq openai-api openai-api-completions cloudflare mistral grok together fireworks moonshot meta "
    "litellm-proxy deepseek sambanova openrouter perplexity azureai bedrock sagemaker hf-inference-providers"
).split()
PROVIDERS = (*FREE, *LOCAL, *BEHIND_AN_API)
"""Inspect's own providers and ours, for the nearest name; those that other packages bring work too."""

SANDBOXES = ("bwrap", "docker", "k8s")
LOCAL_SANDBOX = (
    "the sandbox 'local' contains nothing: an agent that resists would do so on this machine; "
    "use bwrap, which needs no daemon, or docker"
)


class Price(msgspec.Struct, frozen=True):
    """Dollars per million tokens, read and written."""

    read: float
    written: float


def provider_of(model: str) -> str:
    """Return the part of a model's name that says who serves it."""
    return model.partition("/")[0]


def is_paid(model: str) -> bool:
    """Tell whether somebody may send a bill for this model's tokens."""
    return provider_of(model) not in (*FREE, *LOCAL)


def check_model(model: str, arguments: Mapping[str, Any] | None = None, base_url: str | None = None) -> None:
    """Raise ModelError with the cure where Inspect cannot make this model; weights are not loaded for it."""
    provider, slash, name = model.partition("/")
    if not slash or not name:
        near = difflib.get_close_matches(model, _organisms(), n=1, cutoff=0.6)
        hint = f"did you mean {OURS}/{near[0]}?" if near else f"such as {OURS}/obedient or openai/gpt-5"
        raise ModelError(f"a model is named provider/name, not {model!r}; {hint}")
    if provider in LOCAL:
        return
    from inspect_ai.model import get_model

    try:
        # Inspect may print which hooks it has: standard output is for results.
        with redirect_stdout(io.StringIO()):
            get_model(model, base_url=base_url, **dict(arguments or {}))
    except OrganismError as unknown:
        raise ModelError(str(unknown)) from unknown
    except ValueError as trouble:
        if "not recognized" not in str(trouble):
            raise ModelError(f"{model}: {one_line(trouble)}") from trouble
        near = difflib.get_close_matches(provider, PROVIDERS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}/{name}?" if near else f"there are: {', '.join(PROVIDERS)}"
        raise ModelError(f"Inspect knows no model provider {provider!r} (of {model!r}); {hint}") from trouble
    except Exception as trouble:  # whatever a provider's own library says: it is not ours to know all kinds
        raise ModelError(f"{model}: {_cure(trouble)}") from trouble


def _organisms() -> list[str]:
    from offswitch.organisms import organisms

    return list(organisms())


def one_line(trouble: BaseException) -> str:
    """Return what an exception says, without Inspect's markup, in one line."""
    text = re.sub(r"\[/?[a-z ]+\]", "", str(getattr(trouble, "message", "") or trouble))
    return " ".join(text.removeprefix("ERROR:").split()) or type(trouble).__name__


def _cure(trouble: Exception) -> str:
    text = one_line(trouble).removeprefix("ERROR: ")
    if named := re.search(r"No (.+?) (?:is )?defined in the environment", text):
        keys = re.sub(r",? or managed identity.*", "", named[1])
        if keys.endswith("_BASE_URL"):
            return f"there is no address for it; give --model-base-url, or set {keys} in the environment"
        what = "key" if "KEY" in keys else "setting"
        return f"there is no {what} for it; set {keys} in the environment"
    if wanted := re.search(r"pip install [\w\[\]\-.'\"]+", text):
        return f"a library is missing; {wanted[0]}"
    return text


def price_of(model: str, costs: Path | None = None) -> Price | None:
    """Return a model's price where the file `costs` (as Inspect's --model-cost-config) or Inspect itself knows it."""
    if costs is not None:
        entry = _entries(costs).get(model)
        if isinstance(entry, dict):
            try:
                return Price(read=float(entry["input"]), written=float(entry["output"]))
            except (KeyError, TypeError, ValueError):
                raise ScenarioError(
                    f"{costs}: {model}: 'input' and 'output' are dollars per million tokens"
                ) from None
    if not is_paid(model):
        return None
    from inspect_ai.model import get_model_info

    info = get_model_info(model)
    cost = info.cost if info else None
    return Price(read=cost.input, written=cost.output) if cost else None


def _entries(costs: Path) -> dict[str, Any]:
    import yaml

    try:
        read = yaml.safe_load(costs.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as trouble:
        raise ScenarioError(f"{costs}: cannot be read as prices: {' '.join(str(trouble).split())}") from None
    if not isinstance(read, dict):
        raise ScenarioError(f"{costs}: a table of models was expected, as for Inspect's --model-cost-config")
    return read


def check_sandbox(sandbox: str) -> None:
    """Raise ScenarioError with the cure where a sandbox cannot be had here."""
    if sandbox == "bwrap":
        from offswitch.guard.errors import GuardError
        from offswitch.guard.tiers import require

        try:
            require("rootless")
        except GuardError as lacking:
            text = " ".join(str(lacking).split())
            raise ScenarioError(f"the sandbox bwrap: {text}; or give --sandbox docker") from lacking
    elif sandbox == "docker":
        import shutil

        if shutil.which("docker") is None:
            raise ScenarioError(
                "the sandbox docker: docker is not installed; install it, or give --sandbox bwrap"
            )
    elif sandbox == "k8s":
        if find_spec("k8s_sandbox") is None:
            raise ScenarioError("the sandbox k8s: a library is missing; pip install inspect-k8s-sandbox")
    elif sandbox == "local":
        raise ScenarioError(LOCAL_SANDBOX)
    else:
        near = difflib.get_close_matches(sandbox, SANDBOXES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(SANDBOXES)}"
        raise ScenarioError(f"there is no sandbox {sandbox!r}; {hint}")
