/*
 * Text as every dialect has it: which forms of input there are, which task a model makes of them,
 * THE table of options, and the limits of all that. A dialect brings a request into these forms;
 * what goes to a node (webinfer-inputs(7)) is made of them here alone.
 */
#ifndef WI_WIRE_TEXT_H
#define WI_WIRE_TEXT_H

#include "base/params.h"
#include "config/config.h"
#include "model/model.h"
#include "model/task.h"
#include "wire/infer.h"

#define WI_TEXT_MAX (4 << 20) /* bytes of text in a request */
#define WI_TEXT_PER_TOKEN 64  /* bytes: a token stands for less */
#define WI_TEXT_PICTURES 16   /* in the messages of a request */
#define WI_TEXT_MESSAGES 4096 /* in one request; likewise texts and documents: */
#define WI_TEXT_LIST 2048
#define WI_TEXT_ANSWERS 64 /* to the prompts of a list, in all */
/* Texts in a request, be they empty: parts of messages and arguments of calls count, too. */
#define WI_TEXT_COUNT 16384
/* Labels that a request chooses among, the characters of one, and of texts with labels how many of
 * each with each; the same as in page/src/pipeline/labels.js. */
#define WI_TEXT_LABELS 256
#define WI_TEXT_LABEL_MAX 1000
#define WI_TEXT_JUDGED 4096
#define WI_TEXT_SCHEMA (64 * 1024) /* bytes of a grammar, or of a schema as JSON */
#define WI_TEXT_TOOLS (256 * 1024) /* bytes of all tools as JSON */
#define WI_TEXT_DEPTH 32           /* of JSON that a client chooses freely */

/* --- text_input.c: what is to be read ----------------------------------------------------------
 */

/* Each checks `value` (borrowed, and brought into the canonical form in place), and makes it the
 * input of `infer`. `where` is the field's path in errors. WI_OK, WI_INVALID_FIELD,
 * WI_MISSING_FIELD, WI_UNKNOWN_FIELD, or WI_BODY_TOO_LARGE for more than WI_TEXT_MAX. What is
 * accepted is so small that it may be gone through on the loop. */
enum wi_code wi_text_read_string(
    struct wi_infer *infer, json_t *value, const char *where, struct wi_error *error);
enum wi_code wi_text_read_list(
    struct wi_infer *infer, json_t *list, const char *where, struct wi_error *error);
/* Pictures among their parts become tensors of `infer`, named by where they were; of these
 * `budget` is charged (NULL: nothing). Also WI_PICTURE_INVALID and WI_MEMORY_BUDGET. */
enum wi_code wi_text_read_messages(struct wi_infer *infer, json_t *messages, const char *where,
    struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_text_read_query(struct wi_infer *infer, json_t *query, json_t *documents,
    const char *where_query, const char *where_documents, struct wi_error *error);
enum wi_code wi_text_read_pairs(
    struct wi_infer *infer, json_t *pairs, const char *where, struct wi_error *error);
enum wi_code wi_text_read_question(struct wi_infer *infer, json_t *question, json_t *context,
    const char *where, struct wi_error *error);
/* `texts`: a list, or one string. */
enum wi_code wi_text_read_labels(struct wi_infer *infer, json_t *texts, json_t *labels,
    const char *where_texts, const char *where_labels, struct wi_error *error);
/* What is beside a picture or a sound that was taken (wire/media.h), of which `name` is "labels",
 * "question" or "prompt". */
enum wi_code wi_text_read_beside(struct wi_infer *infer, const char *name, json_t *value,
    const char *where, struct wi_error *error);

/* --- text_options.c: THE table ------------------------------------------------------------------
 */

/* The rows for a task of a model of that format, ended by one without a name: all that can be said
 * of an option alone. */
const struct wi_param *wi_text_options(enum wi_task_kind task, enum wi_model_format format);
/* Whether `options` (NULL: none) are those that the task takes of a model of that format, within
 * their limits. `where` is what stands before their names in errors: "options." or "". `slots`: the
 * most answers at a time of a language model's engine.
 * WI_OK, WI_UNKNOWN_FIELD or WI_INVALID_FIELD. */
enum wi_code wi_text_check_options(enum wi_task_kind task, enum wi_model_format format,
    const json_t *options, unsigned slots, const char *where, struct wi_error *error);

/* --- text.c: both, and the model -----------------------------------------------------------------
 */

/* Whether a model takes text, and nothing else. */
int wi_text_is_for(const struct wi_model *model);
/* Whether the model does what the request, which has text, asks for; all limits that depend on it.
 * WI_OK, WI_INPUT_INVALID, WI_PLATFORM_UNSUPPORTED, WI_PRECISION_UNSUPPORTED, WI_CONTEXT_LENGTH or
 * as wi_text_check_options. */
enum wi_code wi_text_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
/* Whether the request's precision is another variant's of the model, though it names none: then its
 * model's name becomes that variant's, which is to be looked up instead. */
int wi_text_choose_variant(struct wi_infer *infer, const struct wi_model *model);
/* Sets the task of a request that was checked, and brings its input and its options into the form
 * that nodes get: WI_TASK_NONE, and nothing else is done, for one without text. Once. */
void wi_text_settle(struct wi_infer *infer, const struct wi_model *model);

#endif
