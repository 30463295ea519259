/* Errors for Ollama's clients: one text, with their names of members. */
#include "wire/ollama/ollama.h"

#include "wire/problem.h"
#include <stdio.h>
#include <string.h>

/* Replaces the name of a field, also in the detail. */
static void set_field(struct wi_error *error, const char *name)
{
    size_t length = strlen(error->field);
    char detail[sizeof error->detail];
    if (strncmp(error->detail, error->field, length) == 0) {
        snprintf(detail, sizeof detail, "%s%.400s", name, error->detail + length);
        memcpy(error->detail, detail, sizeof error->detail);
    }
    snprintf(error->field, sizeof error->field, "%s", name);
}

/* A picture is a part of a message's content, before its text. */
static int picture_of(const char *field, unsigned *message, unsigned *picture)
{
    int end = 0;
    return sscanf(field, "messages[%u].content[%u]%n", message, picture, &end) == 2 && !field[end];
}

/* A prompt is a conversation of one message, or of two. */
static void rename_message(const struct wi_ollama_extras *extras, struct wi_error *error)
{
    unsigned message, picture;
    char name[64];
    if (picture_of(error->field, &message, &picture)) {
        if (extras->generates)
            snprintf(name, sizeof name, "images[%u]", picture);
        else
            snprintf(name, sizeof name, "messages[%u].images[%u]", message, picture);
        set_field(error, name);
        if (*error->expected == '{') /* a part of another form */
            *error->expected = '\0';
    } else if (extras->generates && sscanf(error->field, "messages[%u]", &message) == 1) {
        set_field(error, extras->has_system && message == 0 ? "system" : "prompt");
    }
}

void wi_ollama_rename(const struct wi_infer *infer, struct wi_error *error)
{
    static const struct {
        const char *ours, *theirs;
    } names[] = {{"json_schema", "format"}, {"response_format", "format"},
        {"context", "options.num_ctx"}, {"temperature", "options.temperature"},
        {"top_p", "options.top_p"}, {"top_k", "options.top_k"}, {"min_p", "options.min_p"},
        {"repeat_penalty", "options.repeat_penalty"},
        {"frequency_penalty", "options.frequency_penalty"},
        {"presence_penalty", "options.presence_penalty"}, {"stop", "options.stop"},
        {"seed", "options.seed"}};
    if (!error)
        return;
    rename_message(infer->extras, error);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(error->field, names[i].ours) == 0) {
            set_field(error, names[i].theirs);
            return;
        }
    }
}

void wi_ollama_print_error(
    struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    (void)request_id; /* is in a header */
    wi_buffer_puts(out, "{\"error\":");
    wi_problem_sentence(out, error->detail, error->expected, error->allowed);
    wi_buffer_puts(out, "}\n");
}
