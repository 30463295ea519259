"""/usr/bin/python3 tests/oracles/beams.py: makes tests/oracles/beams.json anew. What beam search of Python's transformers makes of
a model, written down with numpy after its source: GenerationMixin._beam_search and the functions that it calls
(generation/utils.py, transformers 4.57.1), each of whose names is here, for one text. The model is a sine of what
comes before; wide beams over few tokens are held against all texts that there are."""

import itertools
import json
import os

import numpy

NEVER = -1.0e9


def logits_of(model, tokens, vocabulary):
    """What the test computes, too: a sine of the token, the two before it and their place."""
    last, second = ([-1, -1] + tokens)[-1], ([-1, -1] + tokens)[-2]
    at = numpy.arange(vocabulary)
    return model["scale"] * numpy.sin(model["seed"] + 12.9898 * len(tokens) + 78.233 * last + 3.17 * second + 37.719 * at)


def logarithms(logits):
    shifted = logits - logits.max()
    return shifted - numpy.log(numpy.exp(shifted).sum())


def highest(values, count):
    """torch.topk"""
    return numpy.argsort(-values, kind="stable")[:count]


class State:
    """What the loop of _beam_search carries on, for one text."""

    def __init__(self, beams):
        self.running = [[] for _ in range(beams)]
        self.running_scores = numpy.array([0.0] + [NEVER] * (beams - 1))
        self.texts = [[] for _ in range(beams)]
        self.scores = numpy.full(beams, NEVER)
        self.finished = numpy.zeros(beams, dtype=bool)
        self.unsatisfied = True


def update_finished(state, texts, logs, hits, length, beams, penalty, early):
    """_update_finished_beams"""
    just_finished = hits & (numpy.arange(len(hits)) < beams)
    means = logs / length**penalty
    if state.finished.all() and early is True:
        means = means + NEVER
    if not state.unsatisfied:
        means = means + NEVER
    means = numpy.where(just_finished, means, means + NEVER)
    all_texts = state.texts + texts
    all_scores = numpy.concatenate([state.scores, means])
    all_finished = numpy.concatenate([state.finished, just_finished])
    best = highest(all_scores, beams)
    state.texts = [all_texts[i] for i in best]
    state.scores, state.finished = all_scores[best], all_finished[best]


def may_improve(state, made, most, penalty, early):
    """_check_early_stop_heuristic"""
    length = most if early == "never" and penalty > 0.0 else made
    best = state.running_scores[0] / length**penalty
    worst = numpy.where(state.finished, state.scores.min(), NEVER)
    return state.unsatisfied and bool((best > worst).any())


def search(model, vocabulary, beams, most, ends, penalty=1.0, early=False):
    """_beam_search"""
    state = State(beams)
    kept = max(2, 1 + len(ends)) * beams
    for made in range(1, most + 1):
        # _get_top_k_continuations
        logs = numpy.stack([logarithms(logits_of(model, one, vocabulary)) for one in state.running])
        flat = (logs + state.running_scores[:, None]).ravel()
        top = highest(flat, kept)
        texts = [state.running[i // vocabulary] + [int(i % vocabulary)] for i in top]
        hits = numpy.array([text[-1] in ends or made >= most for text in texts])
        # _get_running_beams_for_next_iteration
        going = flat[top] + hits * NEVER
        best = highest(going, beams)
        state.running = [texts[i] for i in best]
        state.running_scores = going[best]
        update_finished(state, texts, flat[top], hits, made, beams, penalty, early)
        state.unsatisfied = may_improve(state, made, most, penalty, early)
        # _beam_search_has_unfinished_sequences
        if not state.unsatisfied or (state.finished.all() and early is True) or hits.all():
            break
    return state.texts[0], float(state.scores[0])


def best_of_all(model, vocabulary, most, ends, penalty):
    """Without a search: every text that there is."""
    found = (-numpy.inf, [])
    for length in range(1, most + 1):
        for text in itertools.product(range(vocabulary), repeat=length):
            text = list(text)
            if any(one in ends for one in text[:-1]) or (length < most and text[-1] not in ends):
                continue
            logs = [logarithms(logits_of(model, text[:i], vocabulary))[one] for i, one in enumerate(text)]
            found = max(found, (sum(logs) / length**penalty, text))
    return found[1], float(found[0])


def cases():
    rows = {}
    for seed in range(8):
        for beams, early in ((2, False), (4, True), (5, "never")):
            penalty = (1.0, 0.6, 2.0, -0.5, 0.0)[(seed + beams) % 5]
            ends = [3] if seed % 3 else [3, 7]
            rows[f"{beams} beams, early {early}, penalty {penalty}, seed {seed}"] = dict(
                model={"seed": seed + 0.25, "scale": 1.5 + seed / 3}, vocabulary=40, beams=beams, most=12,
                ends=ends, penalty=penalty, early=early)
    rows["one beam"] = dict(model={"seed": 5.5, "scale": 3}, vocabulary=20, beams=1, most=9, ends=[4], penalty=1.0, early=False)
    rows["more beams than tokens"] = dict(
        model={"seed": 1.5, "scale": 2}, vocabulary=4, beams=9, most=5, ends=[0], penalty=1.0, early=True)
    rows["one token"] = dict(model={"seed": 2.5, "scale": 2}, vocabulary=9, beams=3, most=1, ends=[0], penalty=1.0, early=False)
    for seed, penalty in ((11, 1.0), (12, 0.0), (13, 2.0), (14, 0.5)):
        given = dict(model={"seed": seed, "scale": 2.0}, vocabulary=4, beams=260, most=4, ends=[2], penalty=penalty, early="never")
        text, score = search(**given)
        assert best_of_all(given["model"], 4, 4, [2], penalty) == (text, score), seed
        rows[f"the best of all texts, penalty {penalty}"] = given
    return rows


if __name__ == "__main__":
    oracle = {"program": f"numpy {numpy.__version__}", "rules": "transformers 4.57.1, GenerationMixin._beam_search"}
    oracle["script"] = "tests/oracles/beams.py"
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "beams.json")
    with open(path, "w", encoding="utf-8") as file:
        lines = []
        for name, given in cases().items():
            tokens, score = search(**given)
            lines.append(f" {json.dumps(name)}: {json.dumps({**given, 'tokens': tokens, 'score': score})}")
        body = ",\n".join(lines)
        file.write(f'{{"oracle": {json.dumps(oracle)}, "cases": {{\n{body}\n}}}}\n')
