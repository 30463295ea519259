/*
 * A conversation in another format on its way to the messages of wire/text.h. Each addition
 * is counted and checked under its path in the client's request.
 */
#ifndef WI_WIRE_CONVERSATION_H
#define WI_WIRE_CONVERSATION_H

#include "wire/infer.h"
#include "wire/parameters.h"

/* Everything but the messages is borrowed; end it. */
struct wi_conversation {
    struct wi_infer *infer;
    struct wi_error *error;
    json_t *messages; /* NULL: none yet */
};

/* Reads an object of the conversation: see wi_parameters_read_object. */
enum wi_code wi_conversation_read(const struct wi_conversation *talk, const struct wi_param *table,
    const char *const ignored[], json_t *object, const char *where, void *target);

/* The next message, which is borrowed. Successive messages of the system or of the assistant become
 * one. */
json_t *wi_conversation_message(struct wi_conversation *talk, const char *role);
/* The result of a call by the assistant, likewise. */
json_t *wi_conversation_result(struct wi_conversation *talk, json_t *call_id);

/* Each adds something borrowed, whose path is `where`, to a message: WI_OK, WI_INVALID_FIELD, or
 * WI_BODY_TOO_LARGE for more than WI_TEXT_MAX. A text: */
enum wi_code wi_conversation_text(
    struct wi_conversation *talk, json_t *message, json_t *text, const char *where);
/* The model's reasoning. */
enum wi_code wi_conversation_thought(
    struct wi_conversation *talk, json_t *message, const json_t *text, const char *where);
/* A call; its arguments are a string with a JSON object. */
enum wi_code wi_conversation_call(struct wi_conversation *talk, json_t *message, json_t *id,
    json_t *name, json_t *arguments, const char *where);
/* A picture: base64, or a data URI. Also WI_PICTURE_INVALID and WI_MEMORY_BUDGET. */
enum wi_code wi_conversation_picture(
    struct wi_conversation *talk, json_t *message, const json_t *data, const char *where);

/* Frees it. If it was read, `code` being WI_OK, makes it the input of the request; `where` is the
 * path of the whole. `code`, or WI_INVALID_FIELD for none or too many messages. */
enum wi_code wi_conversation_end(
    struct wi_conversation *talk, enum wi_code code, const char *where);

#endif
