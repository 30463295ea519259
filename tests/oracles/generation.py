"""/usr/bin/python3 tests/oracles/generation.py: makes tests/oracles/generation.json anew. What the rules of generation of Python's
transformers make of the logits of a next token, written down with numpy after its source: each class names the one of
generation/logits_process.py (transformers 4.57.1) whose rule it is, and `rules_of` the order of
GenerationMixin._get_logits_processor (generation/utils.py)."""

import json
import os

import numpy

INFINITY = numpy.float32("inf")


def sequence_bias(biases):
    """SequenceBiasLogitsProcessor; NoBadWordsLogitsProcessor is one with -inf."""

    def rule(ids, scores):
        bias = numpy.zeros_like(scores)
        for sequence, value in biases:
            if len(sequence) == 1:
                bias[sequence[-1]] = value
        for sequence, value in biases:
            if len(sequence) == 1 or len(sequence) > len(ids):
                continue
            before = sequence[:-1]
            if ids[len(ids) - len(before) :] == before:
                bias[sequence[-1]] += numpy.float32(value)
        return scores + bias

    return rule


def repetition_penalty(penalty, given=None):
    """RepetitionPenaltyLogitsProcessor; with `given`, EncoderRepetitionPenaltyLogitsProcessor."""
    factor = numpy.float32(penalty if given is None else 1 / penalty)

    def rule(ids, scores):
        at = ids if given is None else given
        score = scores[at]
        made = scores.copy()
        made[at] = numpy.where(score < 0, score * factor, score / factor)
        return made

    return rule


def ngrams_of(ids, size):
    """_get_ngrams"""
    found = {}
    for ngram in zip(*[ids[i:] for i in range(size)]):
        found.setdefault(tuple(ngram[:-1]), []).append(ngram[-1])
    return found


def no_repeat_ngram(size, given=None):
    """NoRepeatNGramLogitsProcessor; with `given`, EncoderNoRepeatNGramLogitsProcessor."""

    def rule(ids, scores):
        made = scores.copy()
        length = len(ids)
        if given is None and length + 1 < size:
            return made
        start = length + 1 - size
        made[ngrams_of(ids if given is None else given, size).get(tuple(ids[start:length]), [])] = -INFINITY
        return made

    return rule


def only_at(place, change):
    return lambda ids, scores: change(scores) if len(ids) == place else scores


def forced(tokens):
    """ForcedBOSTokenLogitsProcessor, ForcedEOSTokenLogitsProcessor"""

    def change(scores):
        made = numpy.full_like(scores, -INFINITY)
        made[tokens] = 0
        return made

    return change


def suppressed(tokens):
    """SuppressTokensLogitsProcessor, MinLengthLogitsProcessor"""

    def change(scores):
        made = scores.copy()
        made[tokens] = -INFINITY
        return made

    return change


def finite(ids, scores):
    """InfNanRemoveLogitsProcessor"""
    made = numpy.where(scores != scores, numpy.float32(0), scores)
    most = numpy.finfo(numpy.float32)
    return numpy.where(made == INFINITY, most.max, numpy.where(made == -INFINITY, most.min, made))


def hastened(start, factor, ends):
    """ExponentialDecayLengthPenalty"""

    def rule(ids, scores):
        made = scores.copy()
        if len(ids) > start:
            made[ends] += numpy.abs(scores[ends]) * numpy.float32(factor ** (len(ids) - start) - 1)
        return made

    return rule


def rules_of(settings, begin, read, most, ends):
    get = settings.get
    rules = []
    if get("sequence_bias"):
        rules.append(sequence_bias(get("sequence_bias")))
    if get("encoder_repetition_penalty", 1.0) != 1.0 and read is not None:
        rules.append(repetition_penalty(get("encoder_repetition_penalty"), read))
    if get("repetition_penalty", 1.0) != 1.0:
        rules.append(repetition_penalty(get("repetition_penalty")))
    if get("no_repeat_ngram_size", 0) > 0:
        rules.append(no_repeat_ngram(get("no_repeat_ngram_size")))
    if get("encoder_no_repeat_ngram_size", 0) > 0 and read is not None:
        rules.append(no_repeat_ngram(get("encoder_no_repeat_ngram_size"), read))
    if get("bad_words_ids"):
        words = [one for one in get("bad_words_ids") if all(one != [end] for end in ends)]
        rules.append(sequence_bias([(one, -INFINITY) for one in words]))
    # _prepare_generated_length: min_new_tokens takes the place of min_length.
    least = get("min_length") or 0
    if get("min_new_tokens") is not None:
        least = get("min_new_tokens") + begin
    rules.append(lambda ids, scores: suppressed(ends)(scores) if len(ids) < least else scores)
    if get("forced_bos_token_id") is not None:
        rules.append(only_at(1, forced([get("forced_bos_token_id")])))
    if get("forced_eos_token_id") is not None:
        tokens = get("forced_eos_token_id")
        rules.append(only_at(most - 1, forced(tokens if isinstance(tokens, list) else [tokens])))
    if get("remove_invalid_values") is True:
        rules.append(finite)
    if get("exponential_decay_length_penalty") is not None:
        start, factor = get("exponential_decay_length_penalty")
        rules.append(hastened(start + begin, factor, ends))
    if get("suppress_tokens"):
        rules.append(lambda ids, scores: suppressed(get("suppress_tokens"))(scores))
    if get("begin_suppress_tokens"):
        first = begin if begin > 1 or get("forced_bos_token_id") is None else begin + 1
        rules.append(only_at(first, suppressed(get("begin_suppress_tokens"))))
    return rules


def told(scores):
    """Numbers that JSON has none for are texts."""
    return [repr(float(one)) if not numpy.isfinite(one) else float(one) for one in scores]


LOOPED = [1, 2, 3, 1, 2, 3, 1, 2]
READ = [4, 5, 6, 4, 5, 7]
CASES = {
    "nothing": {},
    "repetition penalty": {"settings": {"repetition_penalty": 1.3}},
    "repetition penalty below 1": {"settings": {"repetition_penalty": 0.8}},
    "encoder repetition penalty": {"settings": {"encoder_repetition_penalty": 1.5}, "read": READ},
    "encoder repetition penalty of a decoder's own prompt": {
        "settings": {"encoder_repetition_penalty": 1.5},
        "read": [1, 2, 3],
    },
    "encoder repetition penalty without a text": {"settings": {"encoder_repetition_penalty": 1.5}, "read": None},
    "both penalties": {"settings": {"encoder_repetition_penalty": 2.0, "repetition_penalty": 1.2}, "read": READ},
    "no repetition of one": {"settings": {"no_repeat_ngram_size": 1}},
    "no repetition of two": {"settings": {"no_repeat_ngram_size": 2}},
    "no repetition of three": {"settings": {"no_repeat_ngram_size": 3}},
    "no repetition of four, in three tokens": {"settings": {"no_repeat_ngram_size": 4}, "tokens": [1, 1, 1]},
    "no repetition of three, in one token": {"settings": {"no_repeat_ngram_size": 3}, "tokens": [1]},
    "nothing of the encoder's": {"settings": {"encoder_no_repeat_ngram_size": 1}, "read": READ},
    "no two of the encoder's": {"settings": {"encoder_no_repeat_ngram_size": 2}, "tokens": [0, 4], "read": READ},
    "no three of the encoder's": {"settings": {"encoder_no_repeat_ngram_size": 3}, "tokens": [0, 4, 5], "read": READ},
    "no three of the encoder's, at the beginning": {
        "settings": {"encoder_no_repeat_ngram_size": 3},
        "tokens": [4],
        "read": READ,
    },
    "bad words": {"settings": {"bad_words_ids": [[5], [2, 6], [1, 2, 7], [3, 2, 8], [1]]}},
    "a bad word that is longer than the text": {
        "settings": {"bad_words_ids": [[1, 2], [2, 1, 3]]},
        "tokens": [1],
    },
    "the end is no bad word": {"settings": {"bad_words_ids": [[9], [0]]}},
    "biases": {"settings": {"sequence_bias": [[[5], 2.5], [[2, 6], -1.5], [[1, 2, 6], 0.25], [[3, 2, 8], 9.0]]}},
    "the last bias of one token": {"settings": {"sequence_bias": [[[5], 2.5], [[5], -1.0]]}},
    "a bias of a text of its length": {"settings": {"sequence_bias": [[[1, 2], 3.0]]}, "tokens": [1, 1]},
    "a bias of a longer text": {"settings": {"sequence_bias": [[[1, 2], 3.0]]}, "tokens": [1]},
    "shorter than min_length": {"settings": {"min_length": 9}},
    "as long as min_length": {"settings": {"min_length": 8}},
    "fewer than min_new_tokens": {"settings": {"min_new_tokens": 6}},
    "as many as min_new_tokens": {"settings": {"min_new_tokens": 5}},
    "min_new_tokens before min_length": {"settings": {"min_new_tokens": 1, "min_length": 20}},
    "several ends": {"settings": {"min_length": 20}, "ends": [9, 0]},
    "the first token is forced": {"settings": {"forced_bos_token_id": 7}, "tokens": [2], "begin": 1},
    "the second is not": {"settings": {"forced_bos_token_id": 7}, "tokens": [2, 7], "begin": 1},
    "the last is forced": {"settings": {"forced_eos_token_id": 9}, "most": 9},
    "the last is one of several": {"settings": {"forced_eos_token_id": [9, 0]}, "most": 9},
    "the last but one is not": {"settings": {"forced_eos_token_id": 9}, "most": 10},
    "numbers that are none": {"settings": {"remove_invalid_values": True}, "spoiled": True},
    "the end comes sooner": {"settings": {"exponential_decay_length_penalty": [2, 1.4]}},
    "the end of several comes sooner": {"settings": {"exponential_decay_length_penalty": [1, 2.0]}, "ends": [9, 0]},
    "the end comes no sooner yet": {"settings": {"exponential_decay_length_penalty": [5, 1.4]}},
    "suppressed": {"settings": {"suppress_tokens": [1, 8]}},
    "suppressed at the beginning": {"settings": {"begin_suppress_tokens": [1, 8]}, "tokens": [1, 2, 3]},
    "not suppressed behind the beginning": {"settings": {"begin_suppress_tokens": [1, 8]}},
    "suppressed behind a forced token": {
        "settings": {"begin_suppress_tokens": [1, 8], "forced_bos_token_id": 7},
        "tokens": [2, 7],
        "begin": 1,
    },
    "the forced token is not suppressed": {
        "settings": {"begin_suppress_tokens": [7], "forced_bos_token_id": 7},
        "tokens": [2],
        "begin": 1,
    },
    "a forced token after a penalty": {
        "settings": {"forced_eos_token_id": 9, "repetition_penalty": 1.5, "min_length": 30},
        "most": 9,
    },
    "a summary's": {
        "settings": {"no_repeat_ngram_size": 3, "min_length": 56, "forced_bos_token_id": 0, "forced_eos_token_id": 9},
        "read": READ,
    },
    "all together": {
        "settings": {
            "sequence_bias": [[[6], 0.5]],
            "encoder_repetition_penalty": 1.1,
            "repetition_penalty": 1.2,
            "no_repeat_ngram_size": 3,
            "encoder_no_repeat_ngram_size": 4,
            "bad_words_ids": [[2, 5]],
            "min_length": 3,
            "exponential_decay_length_penalty": [1, 1.1],
            "suppress_tokens": [0],
        },
        "read": READ,
    },
}


def case(index, settings=None, tokens=None, read=READ, begin=3, most=40, ends=None, spoiled=False):
    settings, tokens, ends = settings or {}, tokens or LOOPED, ends or [9]
    scores = numpy.random.RandomState(index).standard_normal(10).astype(numpy.float32).round(4) * 3
    if spoiled:
        scores[[1, 2, 3]] = [numpy.nan, INFINITY, -INFINITY]
    made = scores
    for rule in rules_of(settings, begin, read, most, ends):
        made = rule(tokens, made)
    answer = {"begin": begin, "read": read, "most": most, "ends": ends}
    return {"settings": settings, "answer": answer, "tokens": tokens, "logits": told(scores), "made": told(made)}


if __name__ == "__main__":
    oracle = {"program": f"numpy {numpy.__version__}", "rules": "transformers 4.57.1, generation/logits_process.py"}
    oracle["script"] = "tests/oracles/generation.py"
    cases = {name: case(index, **given) for index, (name, given) in enumerate(CASES.items())}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "generation.json")
    with open(path, "w", encoding="utf-8") as file:
        rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(one)}" for name, one in cases.items())
        file.write(f'{{"oracle": {json.dumps(oracle)}, "cases": {{\n{rows}\n}}}}\n')
