/*
 * The parameters of a format that is not our own, in the three lists that its manual has: what is
 * honoured, what is accepted and changes nothing, and what is refused by its name unless it asks
 * for what is done anyway.
 */
#ifndef WI_WIRE_PARAMETERS_H
#define WI_WIRE_PARAMETERS_H

#include "base/params.h"
#include "settings/config/config.h"
#include "wire/infer.h"

enum wi_parameter_use {
    WI_PARAMETER_OPTION,  /* one of the task's options, by the same name */
    WI_PARAMETER_SPECIAL, /* read by the dialect */
    WI_PARAMETER_NEEDED,  /* likewise, and has to be there */
    WI_PARAMETER_IGNORED  /* changes nothing */
};

struct wi_parameter {
    const char *name;
    enum wi_parameter_use use;
    unsigned tasks; /* 1u << task of those that know it */
};

/* A value, in JSON, that asks for what is done anyway, of a parameter that is refused otherwise. */
struct wi_neutral {
    const char *name, *value;
};

/* What we call a field in an error, and what this format calls it: a part of its path. */
struct wi_parameter_name {
    const char *ours, *theirs;
};

/* Each list is ended by a row without a name. No task has more than WI_PARAMETERS_MAX parameters.
 */
#define WI_PARAMETERS_MAX 64
struct wi_parameters {
    const struct wi_parameter *known;
    const struct wi_neutral *neutrals;
    const struct wi_param *special; /* how what is special is read */
};

/* Puts the options among the members of `root` into infer->asked->options, a new object, and
 * refuses what infer->asked->task does not know: WI_OK or WI_UNKNOWN_FIELD. A lenient reader passes
 * over it. */
enum wi_code wi_parameters_sort(struct wi_infer *infer, const json_t *root,
    const struct wi_parameters *lists, struct wi_error *error);
/* The same of an object among those members, for options that are there already; `where` is its
 * path in errors, with the dot behind it. */
enum wi_code wi_parameters_sort_within(struct wi_infer *infer, const json_t *object,
    const struct wi_parameters *lists, const char *where, struct wi_error *error);
/* The parameters that such a request may have, with a row without a name behind them; how many. */
size_t wi_parameters_rows(const struct wi_parameters *lists, enum wi_task_kind task,
    struct wi_param rows[WI_PARAMETERS_MAX]);

/* Takes out of an object of a request what says nothing: null, and the members in `beside` (ended
 * by NULL); for a lenient reader also what `table` does not know. `where` is its path. */
void wi_parameters_drop(struct wi_infer *infer, json_t *object, const struct wi_param *table,
    const char *const beside[], const char *where);
/* In an error's field and in its text, the first of the names (ended by a row without one) that is
 * there becomes theirs. */
void wi_parameters_rename(struct wi_error *error, const struct wi_parameter_name *names);

/* struct wi_dialect's `frame` of bodies that are JSON alone, and its `check` of tasks with text. */
enum wi_code wi_parameters_frame(const char *content_type, const char *head_length,
    size_t body_size, size_t *json_size, struct wi_error *error);
enum wi_code wi_parameters_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
/* NAME[:VARIANT][@WHERE]: the model, and where it is to run. WI_OK or WI_INVALID_FIELD. */
enum wi_code wi_parameters_read_model(
    struct wi_infer *infer, const char *asked, struct wi_error *error);
/* The parameter `name`, which says how many tokens an answer may have, becomes the option
 * max_tokens. NULL is none; -1, as some clients say, as many as there is room for. */
enum wi_code wi_parameters_read_most(
    struct wi_infer *infer, const char *name, const json_t *value, struct wi_error *error);
/* The error of what has not the form that is `expected`: WI_INVALID_FIELD. */
enum wi_code wi_parameters_refuse(const char *field, const char *expected, struct wi_error *error);
/* The error of a parameter that is not there: WI_MISSING_FIELD. */
enum wi_code wi_parameters_missing(const char *name, struct wi_error *error);

/* --- the name of a model ---------------------------------------------------------------------- */

/* Clients of these formats have no other member to say where a model shall run:
 * NAME[:VARIANT][@WHERE], WHERE being a platform ("webgpu") or a kind of browser ("firefox"). */

/* Bytes of a platform's name or of a kind of browser, whose names the configuration gives. */
#define WI_MODEL_WHERE_MAX 31

/* Takes `asked` apart. `name` is what wi_repository_find takes; `where` is "" where `asked` has no
 * "@", else the name of a platform (wi_platform_of_name) or, as far as its form goes, of a kind.
 * WI_OK, or WI_INVALID_FIELD of the field "model". Public for tests. */
enum wi_code wi_model_where(const char *asked, char name[WI_MODEL_NAME_MAX + 1],
    char where[WI_MODEL_WHERE_MAX + 1], struct wi_error *error);

#endif
