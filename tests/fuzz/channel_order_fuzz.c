/*
 * Any bytes as a message of a client on the WebSocket of channels. What is read is within its
 * limits, and what is refused is told in JSON.
 */
#include "api/sockets/channel_order.h"
#include "channels/recent.h"
#include "must.h"
#include "plant.h"
#include <jansson.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_told(struct wi_buffer *text)
{
    json_t *told = json_loadb(text->text, text->size, 0, NULL);
    must(json_is_object(told));
    json_decref(told);
    wi_buffer_clear(text);
}

static void check_order(const struct wi_channel_order *order)
{
    struct wi_buffer text = {0};
    int has_form = order->form >= 0;
    must(order->verb < WI_CHANNEL_VERBS && order->form < WI_CHANNEL_FORMS);
    must(order->channels < 1u << WI_CHANNEL_COUNT);
    must(order->verb != WI_CHANNEL_SUBSCRIBE || order->channels != 0);
    must((order->verb == WI_CHANNEL_AUTHENTICATE) == (order->token != NULL));
    must(order->models.count <= WI_CHANNEL_MODELS_MAX);
    must(order->rows >= 1 && order->rows <= WI_RECENT_ROWS);
    wi_channel_print_subscribed(&text, order->channels, &order->models,
        has_form ? (enum wi_channel_form)order->form : WI_CHANNEL_EVENTS);
    check_told(&text);
    /* No seed has it. */
    WI_PLANT(order->rows > 500 && order->rows < 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_channel_order order;
    struct wi_error error = {0};
    struct wi_buffer text = {0};
    if (wi_channel_order_read(&order, (const char *)data, size, &error) == WI_OK) {
        check_order(&order);
    } else {
        must(error.code != WI_OK && error.detail[0]);
        wi_channel_print_error(&text, &error);
        check_told(&text);
    }
    wi_channel_order_clear(&order);
    return 0;
}
