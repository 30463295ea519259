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
    wi_program_release(last->program);
    json_decref(last->input);
    json_decref(last->options);
    wi_strings_clear(&last->outputs);
    free(last->relayed.owner);
    json_decref(last->relayed.from);
    free(last);
}

/* With its own references and copies; members of other types are copied as they are. */
struct wi_inference *wi_inference_of(const struct wi_inference *asked, struct wi_model *variant)
{
    struct wi_inference *copy = wi_alloc(sizeof *copy);
    *copy = *asked;
    copy->_references = 1;
    copy->model = wi_model_ref(variant);
    copy->on_webgpu = NULL;
    copy->client_id = wi_strdup(asked->client_id);
    copy->browser = wi_strdup(asked->browser);
    copy->node = wi_strdup(asked->node);
    copy->precision = wi_strdup(asked->precision);
    copy->tensors = (struct wi_tensors){0};
    wi_tensors_share(&copy->tensors, &asked->tensors);
    copy->program = wi_program_retain(asked->program);
    copy->input = json_incref(asked->input);
    copy->options = json_incref(asked->options);
    copy->outputs = (struct wi_strings){0};
    wi_strings_copy(&copy->outputs, &asked->outputs);
    copy->relayed.owner = wi_strdup(asked->relayed.owner);
    copy->relayed.from = json_incref(asked->relayed.from);
    return copy;
}

static void drop_text(char **text)
{
    free(*text);
    *text = NULL;
}

struct wi_inference *wi_inference_again(const struct wi_inference *asked)
{
    struct wi_inference *again = wi_inference_of(asked, asked->model);
    drop_text(&again->client_id);
    drop_text(&again->browser);
    drop_text(&again->node);
    again->has_platform = again->fallback = again->lessens = again->priority = 0;
    again->platform = 0;
    again->timeout_ms = again->stall_timeout_ms = 0;
    again->stream = again->raw = again->publish = 0;
    again->benchmark = (struct wi_benchmark){0};
    drop_text(&again->relayed.owner);
    json_decref(again->relayed.from);
    again->relayed = (struct wi_relayed){.is = asked->relayed.is};
    return again;
}

void wi_inference_find_set(struct wi_inference *asked)
{
    static const struct wi_tensors none;
    if (asked->task != WI_TASK_NONE || asked->program || (asked->model && asked->model->builtin))
        return;
    if (asked->input) {
        wi_input_set(&none, "picture", asked->set);
        return;
    }
    wi_input_set(&asked->tensors, asked->kernel ? asked->kernel->name : "", asked->set);
    if (asked->model && asked->model->engine == WI_ENGINE_ORT)
        asked->empty = wi_onnx_empty_among(&asked->model->facts.signature, &asked->tensors);
}

int wi_inference_computes(const struct wi_inference *asked)
{
    return asked->kernel || asked->program;
}

const char *wi_inference_variant(const struct wi_inference *asked)
{
    return asked->kernel ? asked->kernel->name : asked->precision;
}

int wi_inference_lists(const struct wi_inference *asked, enum wi_platform platform)
{
    const struct wi_relayed *relayed = &asked->relayed;
    for (size_t i = 0; i < relayed->platform_count; i++)
        if (relayed->platforms[i] == platform)
            return 1;
    return relayed->platform_count == 0;
}

const struct wi_inference *wi_inference_on(
    const struct wi_inference *asked, enum wi_platform platform)
{
    return platform == WI_WEBGPU && asked->on_webgpu ? asked->on_webgpu : asked;
}
