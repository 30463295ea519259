/*
 * Text in all dialects: the forms of input, the task that a model does with them, THE table of
 * options, and the limits of all these. A dialect converts a request to these forms; only this part
 * makes the input of a node (webinfer-inputs(7)) from them.
 */
#ifndef WI_WIRE_TEXT_H
#define WI_WIRE_TEXT_H

#include "base/params.h"
#include "settings/config/config.h"
#include "terms/format/model.h"
#include "terms/task/task.h"
#include "wire/infer.h"

/* --- text_input.c: what is to be read -------------------------------------------------------- */

/* Each checks `value` (borrowed, and brought into the canonical form in place), and makes it the
 * input of `infer`. `where` is the field's path in errors. WI_OK, WI_INVALID_FIELD,
 * WI_MISSING_FIELD, WI_UNKNOWN_FIELD, or WI_BODY_TOO_LARGE for more than WI_TEXT_MAX. Accepted
 * values are small enough to be examined on the loop. */
enum wi_code wi_text_read_string(
    struct wi_infer *infer, json_t *value, const char *where, struct wi_error *error);
enum wi_code wi_text_read_list(
    struct wi_infer *infer, json_t *list, const char *where, struct wi_error *error);
/* Pictures among their parts become tensors of `infer`, named by their paths; they are charged to
 * its budget. Also WI_PICTURE_INVALID and WI_MEMORY_BUDGET. */
enum wi_code wi_text_read_messages(
    struct wi_infer *infer, json_t *messages, const char *where, struct wi_error *error);
/* For messages that a dialect makes itself: counts a text of one of them, with the same errors;
 * makes the list, which is taken over, the input. */
enum wi_code wi_text_count(
    struct wi_infer *infer, const json_t *value, const char *where, struct wi_error *error);
void wi_text_take_messages(struct wi_infer *infer, json_t *messages);
/* Whether there is one at least and no more than `most` of what is named: WI_OK or
 * WI_INVALID_FIELD. */
enum wi_code wi_text_check_count(
    const char *where, size_t count, int most, const char *what, struct wi_error *error);
enum wi_code wi_text_read_query(struct wi_infer *infer, json_t *query, json_t *documents,
    const char *where_query, const char *where_documents, struct wi_error *error);
enum wi_code wi_text_read_pairs(
    struct wi_infer *infer, json_t *pairs, const char *where, struct wi_error *error);
enum wi_code wi_text_read_question(struct wi_infer *infer, json_t *question, json_t *context,
    const char *where, struct wi_error *error);
/* `texts`: a list, or one string. */
enum wi_code wi_text_read_labels(struct wi_infer *infer, json_t *texts, json_t *labels,
    const char *where_texts, const char *where_labels, struct wi_error *error);
/* A further member with a picture or a sound that was taken (wire/media.h); `name` is "labels",
 * "question" or "prompt". */
enum wi_code wi_text_read_beside(struct wi_infer *infer, const char *name, json_t *value,
    const char *where, struct wi_error *error);

/* --- text.c: both, and the model -------------------------------------------------------------- */

/* Whether a model takes only text. */
int wi_text_is_for(const struct wi_model *model);
/* Checks whether the model can do the request, which has text, and all limits that depend on the
 * model. WI_OK, WI_INPUT_INVALID, WI_PLATFORM_UNSUPPORTED, WI_PRECISION_UNSUPPORTED,
 * WI_CONTEXT_LENGTH or as wi_task_check_options. */
enum wi_code wi_text_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
/* Makes the request one for that variant of the model. */
void wi_text_name_variant(
    struct wi_infer *infer, const struct wi_model *model, const struct wi_variant *variant);
/* Whether the request's precision is that of another variant of the model, although it names no
 * variant: then its model's name becomes the name of that variant, which must be looked up
 * instead. */
int wi_text_choose_variant(struct wi_infer *infer, const struct wi_model *model);
/* Sets the task of a checked request, and converts its input and its options to the form that nodes
 * get. A request without text gets WI_TASK_NONE and no other change. Called once. */
void wi_text_settle(struct wi_infer *infer, const struct wi_model *model);

#endif
