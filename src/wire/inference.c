/* The life of a request's value; see inference.h. */
#include "wire/inference.h"

#include "base/memory.h"
#include <stdlib.h>

struct wi_inference *wi_inference_new(void)
{
    struct wi_inference *asked = wi_alloc(sizeof *asked);
    asked->_references = 1;
    return asked;
}

const struct wi_inference *wi_inference_retain(const struct wi_inference *asked)
{
    ((struct wi_inference *)asked)->_references++;
    return asked;
}

void wi_inference_release(const struct wi_inference *asked)
{
    struct wi_inference *last = (struct wi_inference *)asked;
    if (!last || --last->_references > 0)
        return;
    wi_model_unref(last->model);
    wi_inference_release(last->on_webgpu);
    free(last->client_id);
    free(last->browser);
    free(last->node);
    free(last->precision);
    wi_tensors_clear(&last->tensors);
    json_decref(last->input);
    json_decref(last->options);
    wi_strings_clear(&last->outputs);
    free(last);
}

struct wi_inference *wi_inference_again(const struct wi_inference *asked)
{
    struct wi_inference *again = wi_inference_new();
    again->model = wi_model_ref(asked->model);
    again->type = asked->type;
    again->precision = wi_strdup(asked->precision);
    wi_tensors_share(&again->tensors, &asked->tensors);
    again->kernel = asked->kernel;
    again->task = asked->task;
    again->input = json_incref(asked->input);
    again->options = json_incref(asked->options);
    wi_strings_copy(&again->outputs, &asked->outputs);
    again->text_bytes = asked->text_bytes;
    again->is_private = asked->is_private;
    again->prompt_tokens = asked->prompt_tokens;
    again->answer_tokens = asked->answer_tokens;
    return again;
}

struct wi_inference *wi_inference_of(const struct wi_inference *asked, struct wi_model *variant)
{
    struct wi_inference *other = wi_inference_again(asked);
    wi_model_unref(other->model);
    other->model = wi_model_ref(variant);
    other->client_id = wi_strdup(asked->client_id);
    other->browser = wi_strdup(asked->browser);
    other->node = wi_strdup(asked->node);
    other->has_platform = asked->has_platform;
    other->platform = asked->platform;
    other->fallback = asked->fallback;
    other->lessens = asked->lessens;
    other->priority = asked->priority;
    other->timeout_ms = asked->timeout_ms;
    other->stream = asked->stream;
    other->stall_timeout_ms = asked->stall_timeout_ms;
    other->raw = asked->raw;
    other->benchmark = asked->benchmark;
    return other;
}

const struct wi_inference *wi_inference_on(
    const struct wi_inference *asked, enum wi_platform platform)
{
    return platform == WI_WEBGPU && asked->on_webgpu ? asked->on_webgpu : asked;
}
