/* What a dialect makes of a request of text: the input and the options that go to a node. */
#ifndef WI_TESTS_WIRE_SETTLING_H
#define WI_TESTS_WIRE_SETTLING_H

#include "chat_model.h"

#include "wire/text.h"
#include <stdlib.h>

/* Has `dialect` read `body` and hold it against the model; the caller clears `infer`. */
static enum wi_code check(const struct wi_dialect *dialect, struct wi_infer *infer,
    const struct wi_model *model, const char *body, struct wi_error *error)
{
    enum wi_code code = parse(dialect, infer, body, error);
    return code == WI_OK ? dialect->check(infer, model, &limits, error) : code;
}

static void equals(const json_t *got, const char *wanted)
{
    char *text = json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, wanted);
    free(text);
}

/* `input`: all of it, or only its member of that name. */
static void settles_in(const struct wi_dialect *dialect, const struct wi_model *model,
    const char *body, const char *member, const char *input, const char *options)
{
    struct wi_infer infer;
    struct wi_error error;
    if (check(dialect, &infer, model, body, &error) != WI_OK)
        fail_msg("%s: %s: %s", body, error.field, error.detail);
    wi_text_settle(&infer, model);
    const json_t *got = infer.asked->input;
    equals(member ? json_object_get(got, member) : got, input);
    equals(infer.asked->options, options);
    wi_infer_clear(&infer);
}

static inline void settles(const struct wi_dialect *dialect, const struct wi_model *model,
    const char *body, const char *input, const char *options)
{
    settles_in(dialect, model, body, NULL, input, options);
}

#endif
