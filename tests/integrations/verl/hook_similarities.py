"""Judges and rewards that a job's configuration names: `hook_similarities:function`."""

asked: list[tuple[str, str]] = []


def same_text(pairs):
    asked.extend(pairs)
    return [float(a == b) for a, b in pairs]


def failing(pairs):
    raise ConnectionError("the similarity is down")


def one_answer_too_few(pairs):
    return [1.0] * (len(pairs) - 1)


def out_of_range(pairs):
    return [1.5] * len(pairs)


def length_score(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": len(solution_str), "acc": "not a number", "source": data_source}


def gives_none(data_source, solution_str, ground_truth, extra_info=None):
    return None


def gives_a_tuple(data_source, solution_str, ground_truth, extra_info=None):
    return 1.0, "right"


async def gives_no_score(data_source, solution_str, ground_truth, extra_info=None):
    return {"acc": True}


def gives_nan(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": float("nan")}


def own_quality(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": len(solution_str), "quality": "good"}


def last_words(texts):
    return [text.split()[-1] if text else None for text in texts]
