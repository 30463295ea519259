/*
 * The parameters of a format that is not our own, in the three lists that its manual has: what is
 * honoured, what is accepted and changes nothing, and what is refused by its name unless it asks
 * for what is done anyway.
 */
#ifndef WI_WIRE_PARAMETERS_H
#define WI_WIRE_PARAMETERS_H

#include "base/params.h"
#include "wire/infer.h"

enum wi_parameter_use {
    WI_PARAMETER_OPTION,  /* one of the task's options, by the same name */
    WI_PARAMETER_SPECIAL, /* read by the dialect */
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
/* The parameters that such a request may have, with a row without a name behind them; how many. */
size_t wi_parameters_rows(const struct wi_parameters *lists, enum wi_task_kind task,
    struct wi_param rows[WI_PARAMETERS_MAX]);

/* NAME[:VARIANT][@WHERE]: the model, and where it is to run. WI_OK or WI_INVALID_FIELD. */
enum wi_code wi_parameters_read_model(
    struct wi_infer *infer, const char *asked, struct wi_error *error);
/* The parameter `name`, which says how many tokens an answer may have, becomes the option
 * max_tokens. NULL is none; -1, as some clients say, as many as there is room for. */
enum wi_code wi_parameters_read_most(
    struct wi_infer *infer, const char *name, const json_t *value, struct wi_error *error);
/* The error of a parameter that is not there: WI_MISSING_FIELD. */
enum wi_code wi_parameters_missing(const char *name, struct wi_error *error);

#endif
