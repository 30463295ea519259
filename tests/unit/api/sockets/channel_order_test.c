/* The messages of clients on the WebSocket of channels: what is read, what is refused and how. */
#include "../../test.h"

#include "api/sockets/channel_order.h"

#define BOTH (1u << WI_CHANNEL_RESULTS | 1u << WI_CHANNEL_VECTORS)

static struct wi_channel_order read_good(const char *text)
{
    struct wi_channel_order order;
    struct wi_error error = {0};
    if (wi_channel_order_read(&order, text, strlen(text), &error) != WI_OK)
        fail_msg("%s: %s", text, error.detail);
    return order;
}

static void refuse(const char *text, enum wi_code code, const char *field, const char *words)
{
    struct wi_channel_order order;
    struct wi_error error = {0};
    char told[2048];
    assert_int_equal(wi_channel_order_read(&order, text, strlen(text), &error), code);
    assert_int_equal(error.code, code);
    assert_string_equal(error.field, field);
    snprintf(told, sizeof told, "%s %s %s", error.detail, error.expected, error.allowed);
    if (!strstr(told, words))
        fail_msg("%s does not say: %s", told, words);
    wi_channel_order_clear(&order);
}

TEST(the_shortest_subscription_is_complete)
{
    struct wi_channel_order order =
        read_good("{\"type\": \"subscribe\", \"channels\": [\"vector_updates\", \"job_results\"]}");
    assert_int_equal(order.verb, WI_CHANNEL_SUBSCRIBE);
    assert_int_equal(order.channels, BOTH);
    assert_false(order.has_models);
    assert_int_equal(order.form, -1);
    wi_channel_order_clear(&order);
}

TEST(subscriptions_say_models_and_an_encoding)
{
    static const char *const encodings[] = {"json", "frame", "float32"};
    for (int form = 0; form < WI_CHANNEL_FORMS; form++) {
        char text[160];
        snprintf(text, sizeof text,
            "{\"type\":\"subscribe\",\"channels\":[\"job_results\"],\"models\":[\"nest\",\"a/"
            "b:q8\"],"
            "\"encoding\":\"%s\"}",
            encodings[form]);
        struct wi_channel_order order = read_good(text);
        assert_int_equal(order.form, form);
        assert_true(order.has_models);
        assert_int_equal(order.models.count, 2);
        assert_string_equal(order.models.items[1], "a/b:q8");
        wi_channel_order_clear(&order);
    }
    struct wi_channel_order order =
        read_good("{\"type\":\"subscribe\",\"channels\":[\"job_results\"],\"models\":[]}");
    assert_true(order.has_models);
    assert_int_equal(order.models.count, 0);
    wi_channel_order_clear(&order);
}

TEST(other_messages_are_read)
{
    struct wi_channel_order order = read_good("{\"type\":\"authenticate\",\"token\":\"secret\"}");
    assert_int_equal(order.verb, WI_CHANNEL_AUTHENTICATE);
    assert_string_equal(order.token, "secret");
    wi_channel_order_clear(&order);
    order = read_good("{\"type\":\"unsubscribe\"}");
    assert_int_equal(order.verb, WI_CHANNEL_UNSUBSCRIBE);
    assert_int_equal(order.channels, 0);
    wi_channel_order_clear(&order);
    order = read_good("{\"type\":\"unsubscribe\",\"channels\":[\"job_results\"]}");
    assert_int_equal(order.channels, 1u << WI_CHANNEL_RESULTS);
    wi_channel_order_clear(&order);
    order = read_good("{\"type\":\"request_vectors\"}");
    assert_int_equal(order.verb, WI_CHANNEL_RECALL);
    assert_int_equal(order.rows, 256);
    wi_channel_order_clear(&order);
    order = read_good("{\"type\":\"request_vectors\",\"limit\":4096}");
    assert_int_equal(order.rows, 4096);
    wi_channel_order_clear(&order);
}

TEST(what_is_wrong_is_refused_and_said)
{
    refuse("", WI_BAD_JSON, "", "an object such as");
    refuse("{\"type\":", WI_BAD_JSON, "", "not JSON");
    refuse("\xff\xfe", WI_BAD_JSON, "", "not JSON");
    refuse("[1]", WI_BAD_JSON, "", "not an object");
    refuse("{\"type\":\"subscribe\",\"type\":\"subscribe\"}", WI_BAD_JSON, "", "not JSON");
    refuse("{}", WI_MISSING_FIELD, "type", "");
    refuse("{\"type\":7}", WI_INVALID_FIELD, "type", "");
    refuse("{\"type\":\"listen\"}", WI_INVALID_FIELD, "type", "request_vectors");
    refuse("{\"type\":\"authenticate\"}", WI_MISSING_FIELD, "token", "");
    refuse("{\"type\":\"subscribe\"}", WI_MISSING_FIELD, "channels", "");
    refuse("{\"type\":\"subscribe\",\"channels\":[]}", WI_INVALID_FIELD, "channels", "");
    refuse("{\"type\":\"subscribe\",\"channels\":[\"jobs\"]}", WI_INVALID_FIELD, "channels",
        "job_results, vector_updates");
    refuse("{\"type\":\"subscribe\",\"channels\":[7]}", WI_INVALID_FIELD, "channels",
        "job_results, vector_updates");
    refuse(
        "{\"type\":\"subscribe\",\"channels\":\"job_results\"}", WI_INVALID_FIELD, "channels", "");
    refuse("{\"type\":\"subscribe\",\"channels\":[\"job_results\"],\"encoding\":\"csv\"}",
        WI_INVALID_FIELD, "encoding", "float32");
    refuse("{\"type\":\"subscribe\",\"channels\":[\"job_results\"],\"models\":[\"a b\"]}",
        WI_INVALID_FIELD, "models", "names of models");
    refuse("{\"type\":\"subscribe\",\"channels\":[\"job_results\"],\"model\":\"nest\"}",
        WI_UNKNOWN_FIELD, "model", "");
    refuse("{\"type\":\"unsubscribe\",\"models\":[]}", WI_UNKNOWN_FIELD, "models", "");
    refuse("{\"type\":\"request_vectors\",\"limit\":0}", WI_INVALID_FIELD, "limit", "4096");
    refuse("{\"type\":\"request_vectors\",\"limit\":4097}", WI_INVALID_FIELD, "limit", "4096");
}

TEST(a_subscription_has_so_many_models)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(
        &text, "{\"type\":\"subscribe\",\"channels\":[\"job_results\"],\"models\":[\"m\"");
    for (int i = 1; i < WI_CHANNEL_MODELS_MAX; i++)
        wi_buffer_puts(&text, ",\"m\"");
    size_t end = text.size;
    wi_buffer_puts(&text, "]}");
    struct wi_channel_order order = read_good(text.text);
    assert_int_equal(order.models.count, WI_CHANNEL_MODELS_MAX);
    wi_channel_order_clear(&order);
    text.size = end;
    wi_buffer_puts(&text, ",\"m\",\"m\"]}");
    refuse(text.text, WI_INVALID_FIELD, "models", "66 elements, outside 0 to 64");
    wi_buffer_clear(&text);
}

TEST(answers_are_json)
{
    struct wi_buffer text = {0};
    struct wi_strings models = {0};
    struct wi_error error;
    wi_channel_print_subscribed(&text, 0, &models, WI_CHANNEL_EVENTS);
    assert_string_equal(
        text.text, "{\"type\":\"subscribed\",\"channels\":[],\"models\":[],\"encoding\":\"json\"}");
    wi_buffer_clear(&text);
    wi_strings_add(&models, "nest");
    wi_channel_print_subscribed(&text, BOTH, &models, WI_CHANNEL_FLOATS);
    assert_string_equal(text.text,
        "{\"type\":\"subscribed\",\"channels\":[\"job_results\",\"vector_updates\"],"
        "\"models\":[\"nest\"],\"encoding\":\"float32\"}");
    wi_buffer_clear(&text);
    wi_strings_clear(&models);
    wi_error_set(&error, WI_INVALID_FIELD, "type", "\"%s\" is no type", "a\"b");
    wi_error_allow(&error, "subscribe");
    wi_channel_print_error(&text, &error);
    assert_string_equal(text.text,
        "{\"type\":\"error\",\"code\":\"invalid_field\",\"detail\":\"\\\"a\\\"b\\\" is no type\","
        "\"field\":\"type\",\"allowed\":\"subscribe\"}");
    wi_buffer_clear(&text);
}
