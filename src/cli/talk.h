/*
 * The conversation of webinfer chat: the messages so far, and the commands that begin with a slash.
 * This module neither reads nor sends anything.
 */
#ifndef WI_CLI_TALK_H
#define WI_CLI_TALK_H

#include "base/buffer.h"
#include <jansson.h>

enum wi_talk_next {
    WI_TALK_ASK,  /* send the messages */
    WI_TALK_MORE, /* nothing to send: read the next line */
    WI_TALK_END,
};

/* Zero-initialise; free with wi_talk_clear. */
struct wi_talk {
    char *system;           /* NULL: none */
    json_t *messages;       /* without the system's */
    int is_fenced;          /* """ has begun a text of several lines */
    struct wi_buffer lines; /* its lines so far */
};

void wi_talk_set_system(struct wi_talk *talk, const char *text); /* NULL or "": none */
/* Takes a typed line; a reply for the user, if there is one, is appended to `reply` with its line
 * end. */
enum wi_talk_next wi_talk_take(struct wi_talk *talk, const char *line, struct wi_buffer *reply);
/* All messages, the system's first: a new reference. */
json_t *wi_talk_messages(const struct wi_talk *talk);
/* Adds the answer to the last question. Without an answer the question is removed, so that roles
 * keep alternating. */
void wi_talk_answered(struct wi_talk *talk, const char *text, size_t length);
void wi_talk_clear(struct wi_talk *talk);

#endif
