/* One table for each kind of message; see channel_order.h. Members that no table has are refused:
 * a client whose word is misspelt would wait for messages that never come. */
#include "api/sockets/channel_order.h"

#include "base/json_read.h"
#include "base/params.h"
#include "channels/recent.h"
#include <string.h>

#define TOKEN_MAX 256

/* How messages name the forms. */
static const char *const encodings[] = {[WI_CHANNEL_EVENTS] = "json",
    [WI_CHANNEL_FRAMES] = "frame",
    [WI_CHANNEL_FLOATS] = "float32",
    [WI_CHANNEL_FORMS] = NULL};

static const char *const verbs[] = {[WI_CHANNEL_AUTHENTICATE] = "authenticate",
    [WI_CHANNEL_SUBSCRIBE] = "subscribe",
    [WI_CHANNEL_UNSUBSCRIBE] = "unsubscribe",
    [WI_CHANNEL_RECALL] = "request_vectors",
    [WI_CHANNEL_VERBS] = NULL};

struct members {
    int type;
    const char *token;
    json_t *channels, *models;
    int encoding;
    int64_t limit;
};

#define TYPE WI_PARAM(members, type, ENUM, .required = 1, .names = verbs)
#define CHANNELS_MAX 16 /* in a message, which may name one twice */

static const struct wi_param type_only[] = {TYPE, WI_PARAM_END};

static const struct wi_param authenticate[] = {TYPE,
    WI_PARAM(members, token, STRING, .required = 1, .min = 1, .max = TOKEN_MAX), WI_PARAM_END};

static const struct wi_param subscribe[] = {TYPE,
    WI_PARAM(members, channels, ARRAY, .required = 1, .min = 1, .max = CHANNELS_MAX),
    WI_PARAM(members, models, ARRAY, .max = WI_CHANNEL_MODELS_MAX),
    WI_PARAM(members, encoding, ENUM, .names = encodings), WI_PARAM_END};

static const struct wi_param unsubscribe[] = {
    TYPE, WI_PARAM(members, channels, ARRAY, .min = 1, .max = CHANNELS_MAX), WI_PARAM_END};

static const struct wi_param recall[] = {
    TYPE, WI_PARAM(members, limit, INTEGER, .min = 1, .max = WI_RECENT_ROWS), WI_PARAM_END};

static const struct wi_param *const tables[] = {[WI_CHANNEL_AUTHENTICATE] = authenticate,
    [WI_CHANNEL_SUBSCRIBE] = subscribe,
    [WI_CHANNEL_UNSUBSCRIBE] = unsubscribe,
    [WI_CHANNEL_RECALL] = recall};

/* --- reading --------------------------------------------------------------------------------- */

static enum wi_code message_read(
    struct wi_channel_order *order, const char *text, size_t size, struct wi_error *error)
{
    json_error_t place;
    order->_message = wi_json_read(text, size, 0, &place);
    if (json_is_object(order->_message))
        return WI_OK;
    if (order->_message)
        wi_error_set(error, WI_BAD_JSON, NULL, "the message is JSON, but not an object");
    else
        wi_error_set(error, WI_BAD_JSON, NULL, "the message is not JSON: line %d, column %d",
            place.line, place.column);
    return wi_error_expect(
        error, "an object such as {\"type\": \"subscribe\", \"channels\": [\"job_results\"]}");
}

static enum wi_code channels_read(const json_t *list, unsigned *channels, struct wi_error *error)
{
    size_t index;
    json_t *item;
    enum wi_code code = WI_OK;
    json_array_foreach(list, index, item)
    {
        const char *name = json_string_value(item);
        if (code == WI_OK)
            code = wi_channel_add(name ? name : "", "channels", channels, error);
    }
    return code;
}

static enum wi_code models_read(
    const json_t *list, struct wi_strings *models, struct wi_error *error)
{
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
        wi_strings_add(models, json_is_string(item) ? json_string_value(item) : "");
    return wi_channel_check_models(models, "models", error);
}

enum wi_code wi_channel_order_read(
    struct wi_channel_order *order, const char *text, size_t size, struct wi_error *error)
{
    struct members members = {.encoding = -1, .limit = WI_RECALLED_ROWS};
    *order = (struct wi_channel_order){.form = -1};
    enum wi_code code = message_read(order, text, size, error);
    if (code == WI_OK)
        code = wi_params_read(type_only, order->_message, WI_PARAMS_OPEN, "", &members, error);
    if (code == WI_OK)
        code = wi_params_read(
            tables[members.type], order->_message, WI_PARAMS_STRICT, "", &members, error);
    if (code == WI_OK)
        code = channels_read(members.channels, &order->channels, error);
    if (code == WI_OK)
        code = models_read(members.models, &order->models, error);
    order->verb = (enum wi_channel_verb)members.type;
    order->token = members.token;
    order->has_models = members.models != NULL;
    order->form = members.encoding;
    order->rows = members.limit;
    return code;
}

void wi_channel_order_clear(struct wi_channel_order *order)
{
    wi_strings_clear(&order->models);
    json_decref(order->_message);
    *order = (struct wi_channel_order){.form = -1};
}

/* --- printing -------------------------------------------------------------------------------- */

void wi_channel_print_error(struct wi_buffer *out, const struct wi_error *error)
{
    wi_buffer_puts(out, "{\"type\":\"error\"");
    wi_json_member_add(out, "code", wi_code_name(error->code));
    wi_json_member_add(out, "detail", error->detail);
    wi_json_member_add(out, "field", error->field);
    wi_json_member_add(out, "expected", error->expected);
    wi_json_member_add(out, "allowed", error->allowed);
    wi_buffer_puts(out, "}");
}

void wi_channel_print_subscribed(struct wi_buffer *out, unsigned channels,
    const struct wi_strings *models, enum wi_channel_form form)
{
    const char *comma = "";
    wi_buffer_puts(out, "{\"type\":\"subscribed\",\"channels\":[");
    for (int i = 0; i < WI_CHANNEL_COUNT; i++) {
        if (!(channels >> i & 1))
            continue;
        wi_buffer_strings(out, comma, "\"", wi_channel_names[i], "\"", NULL);
        comma = ",";
    }
    wi_buffer_puts(out, "],\"models\":");
    wi_json_strings_add(out, models);
    wi_buffer_strings(out, ",\"encoding\":\"", encodings[form], "\"}", NULL);
}
