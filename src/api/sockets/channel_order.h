/*
 * The messages of a client on the WebSocket of channels, which are JSON texts, and the answers to
 * them. Pure: bytes in, values out, and the reverse.
 */
#ifndef WI_API_SOCKETS_CHANNEL_ORDER_H
#define WI_API_SOCKETS_CHANNEL_ORDER_H

#include "channels/channels.h"

/* The rows of a request_vectors that does not say how many. */
#define WI_RECALLED_ROWS 256

enum wi_channel_verb {
    WI_CHANNEL_AUTHENTICATE,
    WI_CHANNEL_SUBSCRIBE,
    WI_CHANNEL_UNSUBSCRIBE,
    WI_CHANNEL_RECALL,
    WI_CHANNEL_VERBS
};

struct wi_channel_order {
    enum wi_channel_verb verb;
    const char *token;        /* of AUTHENTICATE; borrowed from the message */
    unsigned channels;        /* a bit, 1 << wi_channel, for each; of UNSUBSCRIBE 0: all */
    struct wi_strings models; /* of SUBSCRIBE … */
    int has_models;           /* … 0: the message does not say */
    int form;                 /* an enum wi_channel_form; -1: likewise */
    int64_t rows;             /* of RECALL */
    json_t *_message;
};

/* Reads a message. WI_OK, WI_BAD_JSON, WI_MISSING_FIELD, WI_INVALID_FIELD or WI_UNKNOWN_FIELD. To
 * be cleared whatever the result. */
enum wi_code wi_channel_order_read(
    struct wi_channel_order *order, const char *text, size_t size, struct wi_error *error);
void wi_channel_order_clear(struct wi_channel_order *order);

/* Append an answer: an error, and a subscription as it is now. */
void wi_channel_print_error(struct wi_buffer *out, const struct wi_error *error);
void wi_channel_print_subscribed(struct wi_buffer *out, unsigned channels,
    const struct wi_strings *models, enum wi_channel_form form);

#endif
