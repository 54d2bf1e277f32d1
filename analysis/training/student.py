"""Teaches the encoder. Forward and back in bfloat16, which CPUs multiply several times faster; the weights that are
changed are kept in full precision beside it.

Two processes of one thread each share every step's work and their gradients: threads of one process would wait for each
other at every product of matrices, which a machine that has other things to do makes very slow.
"""

import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from analysis.heads import EMBEDDING, HEADS, WIDTH, Shape
from analysis.training.mixture import Diet, Lesson, epoch, varied
from analysis.training.network import TOXIC, Network

#: Not changed: there is too little text to move 50,000 words evenly.
_FROZEN = ("words.weight", "positions.weight")
#: Pieces of a text that are read.
LONGEST = 80
_CLIP = 1.0
#: The fresh head learns faster than what is there already.
_HEAD_RATE = 25.0
_DECAY = 0.01
_PADDING = 1
#: Batches are cut from stretches of so many texts sorted by length.
_STRETCH = 8_192
_SAY_EVERY = 50
_HEAD_WEIGHT = {
    "sentiment": 1.0,
    "angry": 1.0,
    "level": 0.5,
    "kind": 1.0,
    "churn": 1.0,
    "recommend": 0.8,
    "stage": 0.3,
    "severity": 0.5,
    "purpose": 0.5,
    # The mean over fourteen, most of them absent.
    "causes": 4.0,
}
#: What is rare counts more where it is.
_FAVOUR = 2.0
#: A teacher's scores are softened by this, and count beside the labels.
_SOFTNESS = 2.0
_TEACHER_WEIGHT = 1.0
_MEANING_WEIGHT = 2.0
_EVERYTHING = Diet()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How to teach."""

    minutes: float
    rate: float
    #: The rate falls in a line to this share of itself.
    end: float = 0.0
    tokens: int = 2_048
    longest: int = LONGEST
    seed: int = 0
    save_every: float = 150.0
    workers: int = 2
    #: The share of the time that an interrupted run has spent.
    passed: float = 0.0
    #: Steps until the rate is what was planned.
    warm_up: int = 60
    diet: Diet = _EVERYTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class _Batch:
    """Texts as numbers, with their answers."""

    ids: Tensor
    mask: Tensor
    truth: Tensor
    weight: Tensor
    #: A teacher's scores and an embedding to come near to, and for which texts they are known.
    scores: Tensor
    scored: Tensor
    meaning: Tensor
    meant: Tensor


def _rows(found: Sequence[np.ndarray | None], width: int) -> tuple[Tensor, Tensor]:
    """Return rows of which some are not known as one table, zeros for those, and which are known."""
    table = np.stack([np.zeros(width, np.float32) if row is None else row for row in found])
    known = np.array([row is not None for row in found], np.float32)
    return torch.from_numpy(table.astype(np.float32)), torch.from_numpy(known)


def _padded(lessons: Sequence[tuple[list[int], Lesson]]) -> _Batch:
    """Return a batch as tensors."""
    length = max(len(ids) for ids, _ in lessons)
    numbers = np.full((len(lessons), length), _PADDING, np.int64)
    mask = np.zeros((len(lessons), length), np.float32)
    for row, (ids, _) in enumerate(lessons):
        numbers[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    scores, scored = _rows([lesson.scores for _, lesson in lessons], WIDTH)
    meaning, meant = _rows([lesson.meaning for _, lesson in lessons], EMBEDDING)
    return _Batch(
        scores=scores,
        scored=scored,
        meaning=meaning,
        meant=meant,
        ids=torch.from_numpy(numbers),
        mask=torch.from_numpy(mask),
        truth=torch.from_numpy(np.stack([lesson.truth for _, lesson in lessons])),
        weight=torch.from_numpy(np.stack([lesson.weight for _, lesson in lessons])),
    )


def _batches(tokenizer: Tokenizer, lessons: list[Lesson], plan: Plan) -> Iterator[_Batch]:
    """Yield batches of about as many tokens, without end."""
    chance = random.Random(plan.seed)  # noqa: S311  # an order to learn in is no secret
    while True:
        order = epoch(lessons, chance, plan.diet)
        for first in range(0, len(order), _STRETCH):
            stretch = order[first : first + _STRETCH]
            encoded = tokenizer.encode_batch([varied(lesson, chance) for lesson in stretch])
            pairs = sorted(zip([one.ids for one in encoded], stretch, strict=True), key=lambda pair: len(pair[0]))
            made: list[list[tuple[list[int], Lesson]]] = [[]]
            for pair in pairs:
                if made[-1] and (len(made[-1]) + 1) * len(pair[0]) > plan.tokens:
                    made.append([])
                made[-1].append(pair)
            chance.shuffle(made)
            yield from map(_padded, made)


def loss_of(answers: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Return the loss over all heads; what is not known does not count."""
    toxic = functional.binary_cross_entropy_with_logits(answers[:, TOXIC], truth[:, TOXIC], reduction="none")
    total = (toxic * weight[:, TOXIC]).mean()
    for head in HEADS.values():
        said, true, weighs = answers[:, head.columns], truth[:, head.columns], weight[:, head.columns]
        known = weighs[:, 0]
        if head.shape is Shape.CHOICE:
            each = -(functional.log_softmax(said, -1) * true).sum(-1)
        else:
            favour = torch.tensor(_FAVOUR)
            each = functional.binary_cross_entropy_with_logits(said, true, pos_weight=favour, reduction="none").mean(-1)
        # Over the batch, not over what is known: rare labels must not shout.
        total = total + _HEAD_WEIGHT[head.name] * (each * known).sum() / len(known)
    return total


def distance(answers: Tensor, scores: Tensor, scored: Tensor) -> Tensor:
    """Return how far answers are from a teacher's scores, over all heads."""
    total = torch.zeros(())
    for head in HEADS.values():
        said, taught = answers[:, head.columns] / _SOFTNESS, scores[:, head.columns] / _SOFTNESS
        if head.shape is Shape.CHOICE:
            each = functional.kl_div(
                functional.log_softmax(said, -1), functional.log_softmax(taught, -1), reduction="none", log_target=True
            ).sum(-1)
        else:
            each = functional.binary_cross_entropy_with_logits(said, torch.sigmoid(taught), reduction="none").mean(-1)
        total = total + _HEAD_WEIGHT[head.name] * (each * scored).mean()
    return total * _SOFTNESS**2


def _loss(network: Network, batch: _Batch) -> Tensor:
    """Return the loss of a batch: by labels, by the teacher, and by where the embedding should be."""
    answers, embedding = network(batch.ids, batch.mask)
    answers = answers.float()
    loss = loss_of(answers, batch.truth, batch.weight)
    if batch.scored.any():
        loss = loss + _TEACHER_WEIGHT * distance(answers, batch.scores, batch.scored)
    if batch.meant.any():
        loss = loss + _MEANING_WEIGHT * ((1 - (embedding * batch.meaning).sum(-1)) * batch.meant).mean()
    return loss


def partial(target: Path) -> Path:
    """Return where a stage that is not through leaves its weights and the share of its time that has passed."""
    return target.with_suffix(".partial")


def _fresh(name: str) -> bool:
    """Return whether a weight is of a map that the base does not have."""
    return name.startswith(("answers", "embedding"))


class _Master:
    """The weights in full precision and their optimiser."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self._network = network
        self._rate = plan.rate
        self._end = plan.end
        self._warm_up = plan.warm_up
        self._weights = {name: value.detach().clone().float() for name, value in network.named_parameters()}
        self._learnt = {name: value for name, value in self._weights.items() if name not in _FROZEN}
        network.to(torch.bfloat16).train()
        for name, value in network.named_parameters():
            value.requires_grad_(name not in _FROZEN)
        groups = [
            {
                "params": [value for name, value in self._learnt.items() if chosen(name, value)],
                "weight_decay": decay,
                "m": rate,
            }
            for chosen, decay, rate in (
                (lambda name, value: not _fresh(name) and value.ndim == 2, _DECAY, 1.0),
                (lambda name, value: not _fresh(name) and value.ndim != 2, 0.0, 1.0),
                (lambda name, _value: _fresh(name), 0.0, _HEAD_RATE),
            )
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98), fused=True)

    def _gather(self, passed: float) -> float:
        """Take the mean of all workers' gradients, and of the share of time that has passed."""
        low = dict(self._network.named_parameters())
        parts = []
        for name in self._learnt:
            gradient = low[name].grad
            parts.append(torch.zeros_like(low[name]).flatten() if gradient is None else gradient.flatten())
            low[name].grad = None
        flat = torch.cat([part.float() for part in parts] + [torch.tensor([passed])])
        torch.distributed.all_reduce(flat)
        flat /= torch.distributed.get_world_size()
        place = 0
        for weight in self._learnt.values():
            weight.grad = flat[place : place + weight.numel()].view_as(weight)
            place += weight.numel()
        return float(flat[-1])

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not where types are checked
    def step(self, number: int, passed: float) -> float:
        """Take one step and hand the weights back; return the share of time that has passed, the same for all."""
        passed = self._gather(passed)
        share = min(1.0, number / self._warm_up) * (1 - (1 - self._end) * min(1.0, passed))
        low = dict(self._network.named_parameters())
        torch.nn.utils.clip_grad_norm_(list(self._learnt.values()), _CLIP)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * group["m"] * share
        self._optimiser.step()
        for name, weight in self._learnt.items():
            low[name].copy_(weight)
        return passed

    def save(self, path: Path, passed: float | None = None) -> None:
        """Write the weights, with the share of time that has passed where there is more to do; whole or not at all."""
        half = path.with_suffix(".writing")
        weights = {name: value.detach() for name, value in self._weights.items()}
        torch.save(weights if passed is None else {"weights": weights, "passed": passed}, half)
        half.replace(path)


def _work(  # noqa: PLR0917  # a process takes its arguments in a row
    rank: int, meeting: str, network: Network, tokenizer: Tokenizer, lessons: list[Lesson], plan: Plan, target: Path
) -> None:
    """Do one worker's share."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=plan.workers)
    torch.manual_seed(plan.seed + rank)
    tokenizer.enable_truncation(plan.longest)
    master = _Master(network, plan)
    started = saved = time.monotonic()
    seen, mean, step = 0, 0.0, 0
    for number, batch in enumerate(_batches(tokenizer, lessons, plan)):
        if number % plan.workers != rank:
            continue
        step += 1
        loss = _loss(network, batch)
        loss.backward()
        passed = master.step(step, plan.passed + (time.monotonic() - started) / (60 * plan.minutes))
        seen += len(batch.ids) * plan.workers
        mean = loss.item() if step == 1 else 0.98 * mean + 0.02 * loss.item()
        now = time.monotonic()
        if rank == 0 and step % _SAY_EVERY == 0:
            print(f"{now - started:6.0f} s, {seen} texts, {seen / (now - started):.0f}/s, loss {mean:.3f}", flush=True)  # noqa: T201
        if rank == 0 and now - saved > plan.save_every:
            master.save(partial(target), passed)
            saved = now
        if passed >= 1:
            break
    if rank == 0:
        master.save(target)
        partial(target).unlink(missing_ok=True)
    torch.distributed.destroy_process_group()


def teach(network: Network, tokenizer: Tokenizer, lessons: list[Lesson], plan: Plan, target: Path) -> None:
    """Teach for the plan's minutes, the weights so far beside `target` every few minutes, and at it in the end."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        arguments = (str(Path(folder) / "meeting"), network, tokenizer, lessons, plan, target)
        workers = [context.Process(target=_work, args=(rank, *arguments)) for rank in range(plan.workers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"a worker ended early: {[worker.exitcode for worker in workers]}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What a network says of texts, one row each."""

    scores: np.ndarray
    embeddings: np.ndarray


def _by_length(encoded: Sequence[Sequence[int]], tokens: int) -> Iterator[list[int]]:
    """Yield the places of texts of about the same length, so many that a batch has no more than these tokens."""
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * len(encoded[index]) > tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _read(network: Network, tokenizer: Tokenizer, texts: Sequence[str], tokens: int) -> Read:
    """Return what a network says, worked out here."""
    torch.set_num_threads(1)
    encoded = [one.ids for one in tokenizer.encode_batch(list(texts))]
    scores = np.zeros((len(texts), WIDTH), np.float32)
    embeddings = np.zeros((len(texts), network.embedding.out_features), np.float32)
    with torch.inference_mode():
        for chosen in _by_length(encoded, tokens):
            length = max(len(encoded[index]) for index in chosen)
            ids = torch.tensor([[*encoded[i], *[_PADDING] * (length - len(encoded[i]))] for i in chosen])
            mask = torch.tensor([[1.0] * len(encoded[i]) + [0.0] * (length - len(encoded[i])) for i in chosen])
            answers, embedding = network(ids, mask)
            scores[chosen] = answers[:, :WIDTH].float().numpy()
            embeddings[chosen] = embedding.numpy()
    return Read(scores=scores, embeddings=embeddings)


def read(network: Network, tokenizer: Tokenizer, texts: Sequence[str], workers: int = 2, tokens: int = 4_096) -> Read:
    """Return what a network says of texts, in bfloat16, worked out by some processes."""
    network.to(torch.bfloat16).eval()
    tokenizer.enable_truncation(LONGEST)
    shares = [list(texts[rank::workers]) for rank in range(workers)]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        parts = list(pool.map(_read, *zip(*((network, tokenizer, share, tokens) for share in shares), strict=True)))
    scores = np.zeros((len(texts), parts[0].scores.shape[1]), np.float32)
    embeddings = np.zeros((len(texts), parts[0].embeddings.shape[1]), np.float32)
    for rank, part in enumerate(parts):
        scores[rank::workers], embeddings[rank::workers] = part.scores, part.embeddings
    return Read(scores=scores, embeddings=embeddings)
