/*
 * The parameters of a format other than our own, in the three lists of its manual: honoured,
 * accepted without effect, and refused by name unless they ask for the usual behaviour.
 */
#ifndef WI_WIRE_PARAMETERS_H
#define WI_WIRE_PARAMETERS_H

#include "base/params.h"
#include "settings/config/config.h"
#include "wire/infer.h"

enum wi_parameter_use {
    WI_PARAMETER_OPTION,  /* one of the task's options, by the same name */
    WI_PARAMETER_SPECIAL, /* read by the dialect */
    WI_PARAMETER_NEEDED,  /* likewise, and required */
    WI_PARAMETER_IGNORED  /* changes nothing */
};

/* A row for parameters that follow each other. */
#define WI_PARAMETERS_IN_ROW 16
struct wi_parameter {
    enum wi_parameter_use use;
    unsigned tasks;                              /* 1u << task of those that know them */
    const char *names[WI_PARAMETERS_IN_ROW + 1]; /* ended by NULL */
};

/* The type of a special parameter that differs between tasks, as in struct wi_param. */
struct wi_parameter_form {
    const char *name;
    unsigned tasks; /* as above */
    const char *form;
};

/* A value, in JSON, that asks for the usual behaviour, of a parameter that is refused otherwise. */
struct wi_neutral {
    const char *name, *value;
};

/* Our name of a field in an error, and the name in this format: a part of its path. A list is ended
 * by a row without one. */
struct wi_parameter_name {
    const char *ours, *theirs;
};

/* Each list is ended by a row without a name or tasks; `forms` may be NULL. No task has more
 * parameters than this. */
#define WI_PARAMETERS_MAX 64
struct wi_parameters {
    const struct wi_parameter *known;
    const struct wi_neutral *neutrals;
    const struct wi_param *special; /* reads the special parameters */
    const struct wi_parameter_form *forms;
};

/* Reads the parameters of a request: puts the options among the members of `root` into
 * infer->asked->options, a new object, and reads the special ones into `body`, a struct whose first
 * member takes the parameter "model", NAME[:VARIANT][@WHERE]: the model, and where it shall run.
 * Refuses parameters that infer->asked->task does not have; a lenient reader skips them. WI_OK,
 * WI_UNKNOWN_FIELD, or as wi_params_read. */
enum wi_code wi_parameters_read(struct wi_infer *infer, const json_t *root,
    const struct wi_parameters *lists, void *body, struct wi_error *error);
/* Puts the options among the members of `object`, which is one of those, among the existing
 * options; `where` is its path in errors, with a dot at its end. */
enum wi_code wi_parameters_sort_within(struct wi_infer *infer, const json_t *object,
    const struct wi_parameters *lists, const char *where, struct wi_error *error);
/* The parameters that such a request may have, ended by a row without a name; returns their
 * number. */
size_t wi_parameters_rows(const struct wi_parameters *lists, enum wi_task_kind task,
    struct wi_param rows[WI_PARAMETERS_MAX]);

/* The path of a value in a client's request, as errors name it: "messages[2].content". Long paths
 * are cut. */
struct wi_path {
    char text[160];
};
struct wi_path wi_path_item(const char *where, size_t index);
struct wi_path wi_path_member(const char *where, const char *name);

/* Reads an object of a request like wi_params_read, after removing members that mean nothing: null,
 * and those in `ignored` (ended by NULL); for a lenient reader also those that `table` does not
 * have. `where` is its path. */
enum wi_code wi_parameters_read_object(struct wi_infer *infer, const struct wi_param *table,
    const char *const ignored[], json_t *object, const char *where, void *target,
    struct wi_error *error);

/* struct wi_dialect's `frame` for bodies of only JSON, and its `check` for tasks with text, which
 * replaces the first of the dialect's `names` that occurs in an error's field and in its text. */
enum wi_code wi_parameters_frame(const char *content_type, const char *head_length,
    size_t body_size, size_t *json_size, struct wi_error *error);
enum wi_code wi_parameters_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
/* The parameter `name`, the largest number of tokens of an answer, becomes the option max_tokens.
 * NULL: it is absent; -1, which some clients send: as many as there is room for. */
enum wi_code wi_parameters_read_most(
    struct wi_infer *infer, const char *name, const json_t *value, struct wi_error *error);
/* The error for a value without the form that is `expected`: WI_INVALID_FIELD. */
enum wi_code wi_parameters_refuse(const char *field, const char *expected, struct wi_error *error);
/* The error for an absent parameter: WI_MISSING_FIELD. */
enum wi_code wi_parameters_missing(const char *name, struct wi_error *error);

/* --- the name of a model ---------------------------------------------------------------------- */

/* Clients of these formats have only this member to say where a model shall run:
 * NAME[:VARIANT][@WHERE], WHERE being a platform ("webgpu") or a kind of browser ("firefox"). */

/* Bytes of a platform's name, or of a kind of browser, which the configuration names. */
#define WI_MODEL_WHERE_MAX 31

/* Takes `asked` apart. `name` is what wi_repository_find takes; `where` is "" if `asked` has no
 * "@", else the name of a platform (wi_platform_of_name) or a possible name of a kind. WI_OK, or
 * WI_INVALID_FIELD of the field "model". Public for tests. */
enum wi_code wi_model_where(const char *asked, char name[WI_MODEL_NAME_MAX + 1],
    char where[WI_MODEL_WHERE_MAX + 1], struct wi_error *error);

#endif
