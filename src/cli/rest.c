/* The daemon's REST API over libcurl. The token goes only into a header of this one exchange. */
#include "cli/rest.h"

#include "base/memory.h"
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

/* The daemon's own bound on a frame is 65 MiB by default; an answer beyond this is no answer. */
#define ANSWER_MAX ((size_t)1 << 30)
#define CONNECT_TIMEOUT_MS 5000L

/* One exchange: the context of curl's callbacks, and all that it needs until its end. */
struct exchange {
    const struct wi_rest_request *request;
    struct wi_rest_answer *answer;
    int has_head; /* the whole of the answer's */
    CURL *curl;   /* NULL: there is no memory for it */
    struct curl_slist *headers;
    char *url;
    struct exchange *next; /* of exchanges that run at the same time */
};

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
    const struct exchange *exchange = context;
    const struct wi_rest_request *request = exchange->request;
    struct wi_rest_answer *answer = exchange->answer;
    size_t size = unit * count;

    if (request->on_events && answer->events)
        return request->on_events(request->context, bytes, size) == 0 ? size : 0;
    if (size > ANSWER_MAX - answer->body.size)
        return 0;
    wi_buffer_add(&answer->body, bytes, size);
    return size;
}

/* The value of the header with that name, "Name: "; NULL if it is another header. */
static const char *value_of(const char *line, size_t size, const char *name, size_t *length)
{
    size_t before = strlen(name);

    if (size < before || strncasecmp(line, name, before) != 0)
        return NULL;
    *length = size - before;
    return line + before;
}

static uint64_t number_of(const char *value, size_t length)
{
    char text[24] = "";

    memcpy(text, value, length < sizeof text ? length : sizeof text - 1);
    return strtoull(text, NULL, 10);
}

static size_t on_header(char *bytes, size_t unit, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct wi_rest_request *request = exchange->request;
    struct wi_rest_answer *answer = exchange->answer;
    const char *type = request->accept ? request->accept : "text/event-stream", *value;
    size_t size = unit * count, length;

    exchange->has_head = *bytes == '\r' || *bytes == '\n'; /* the empty line at its end */
    if ((value = value_of(bytes, size, "Inference-Header-Content-Length: ", &length)))
        answer->json_size = number_of(value, length);
    if ((value = value_of(bytes, size, "Content-Length: ", &length)))
        answer->announced = number_of(value, length);
    if ((value = value_of(bytes, size, "Retry-After: ", &length)))
        answer->retry_s = number_of(value, length);
    if (request->on_events && (value = value_of(bytes, size, "Content-Type: ", &length)) &&
        length >= strlen(type) && strncasecmp(value, type, strlen(type)) == 0)
        answer->events = 1;
    return size;
}

/* Adds a header, which is freed. */
static struct curl_slist *header_add(struct curl_slist *list, char *line)
{
    list = curl_slist_append(list, line);
    OPENSSL_cleanse(line, strlen(line));
    free(line);
    return list;
}

static struct curl_slist *make_headers(
    const struct wi_rest *rest, const struct wi_rest_request *request)
{
    const char *accept = request->accept ? request->accept : "application/json";
    struct curl_slist *list = header_add(NULL, wi_sprintf("Accept: %s", accept));

    list = curl_slist_append(list, "Expect:"); /* one round trip, not two */
    if (request->body)
        list = curl_slist_append(list, request->json_size || request->is_bytes
                                           ? "Content-Type: application/octet-stream"
                                           : "Content-Type: application/json");
    if (request->json_size)
        list = header_add(
            list, wi_sprintf("Inference-Header-Content-Length: %zu", request->json_size));
    if (request->after)
        list = header_add(list, wi_sprintf("Last-Event-ID: %s", request->after));
    if (rest->token)
        list = header_add(list, wi_sprintf("Authorization: Bearer %s", rest->token));
    return list;
}

static int on_progress(
    void *context, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
    const struct wi_rest_request *request = context;

    return request->is_cancelled();
}

static void set_up(struct exchange *exchange, const struct wi_rest *rest)
{
    const struct wi_rest_request *request = exchange->request;
    struct wi_rest_answer *answer = exchange->answer;
    CURL *curl = exchange->curl;

    curl_easy_setopt(curl, CURLOPT_URL, exchange->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->failure);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    if (request->is_cancelled) {
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)request);
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    }
    if (rest->authority)
        curl_easy_setopt(curl, CURLOPT_CAINFO, rest->authority);
    if (request->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    }
}

static int is_connected(CURL *curl)
{
    curl_off_t connected_us = 0;

    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected_us);
    return connected_us > 0;
}

static void open_exchange(struct exchange *exchange, const struct wi_rest *rest)
{
    _Static_assert(sizeof exchange->answer->failure >= CURL_ERROR_SIZE, "curl writes that much");
    *exchange->answer = (struct wi_rest_answer){0};
    exchange->headers = make_headers(rest, exchange->request);
    exchange->url = wi_sprintf("%s%s", rest->url, exchange->request->path);
    exchange->curl = curl_easy_init();
    if (exchange->curl)
        set_up(exchange, rest);
}

static void close_exchange(struct exchange *exchange)
{
    curl_easy_cleanup(exchange->curl);
    curl_slist_free_all(exchange->headers);
    free(exchange->url);
}

/* By curl's clock, which stops at the end of the answer, whatever the caller did meanwhile. */
static double took_ms(CURL *curl)
{
    curl_off_t ready_us = 0, total_us = 0;

    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &total_us);
    return (double)(total_us - ready_us) / 1000;
}

static void end_exchange(struct exchange *exchange, CURLcode code)
{
    struct wi_rest_answer *answer = exchange->answer;

    if (code == CURLE_OK && !exchange->has_head)
        code = CURLE_RECV_ERROR; /* for curl, the end of the connection there is an answer */
    if (exchange->curl) {
        curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &answer->status);
        answer->took_ms = took_ms(exchange->curl);
    }
    if (code != CURLE_OK) {
        answer->status = 0; /* half an answer is none */
        answer->late = code == CURLE_OPERATION_TIMEDOUT && is_connected(exchange->curl);
        answer->untrusted = code == CURLE_PEER_FAILED_VERIFICATION;
        if (!*answer->failure)
            strncpy(answer->failure, curl_easy_strerror(code), sizeof answer->failure - 1);
    }
    wi_buffer_puts(&answer->body, ""); /* NUL-terminated even if empty */
    if (answer->json_size > answer->body.size)
        answer->json_size = 0;
    answer->over = 1;
}

void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    struct exchange exchange = {.request = request, .answer = answer};

    open_exchange(&exchange, rest);
    end_exchange(&exchange, exchange.curl ? curl_easy_perform(exchange.curl) : CURLE_FAILED_INIT);
    close_exchange(&exchange);
}

void wi_rest_answer_clear(struct wi_rest_answer *answer)
{
    wi_buffer_clear(&answer->body);
    *answer = (struct wi_rest_answer){0};
}

struct wi_rest_calls {
    const struct wi_rest *rest;
    CURLM *multi;
    struct exchange *first;
};

struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest)
{
    struct wi_rest_calls *calls = wi_alloc(sizeof *calls);

    calls->rest = rest;
    calls->multi = curl_multi_init();
    return calls;
}

static void remove_call(struct wi_rest_calls *calls, struct exchange *exchange)
{
    LL_DELETE(calls->first, exchange);
    if (exchange->curl)
        curl_multi_remove_handle(calls->multi, exchange->curl);
    close_exchange(exchange);
    free(exchange);
}

void wi_rest_calls_free(struct wi_rest_calls *calls)
{
    if (!calls)
        return;
    while (calls->first)
        remove_call(calls, calls->first);
    curl_multi_cleanup(calls->multi);
    free(calls);
}

void wi_rest_calls_begin(struct wi_rest_calls *calls, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    struct exchange *exchange = wi_alloc(sizeof *exchange);

    *exchange = (struct exchange){.request = request, .answer = answer, .next = calls->first};
    calls->first = exchange;
    open_exchange(exchange, calls->rest);
    if (exchange->curl && curl_multi_add_handle(calls->multi, exchange->curl) == CURLM_OK)
        return;
    end_exchange(exchange, CURLE_FAILED_INIT);
    remove_call(calls, exchange);
}

/* Advances all exchanges as far as possible, and ends those that are over; returns their number. */
static int go_on(struct wi_rest_calls *calls)
{
    const CURLMsg *message;
    int running, left, ended = 0;

    curl_multi_perform(calls->multi, &running);
    while ((message = curl_multi_info_read(calls->multi, &left))) {
        struct exchange *exchange = NULL;
        CURLcode code = message->data.result; /* the message goes with its handle */
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        end_exchange(exchange, code);
        remove_call(calls, exchange);
        ended++;
    }
    return ended;
}

int wi_rest_calls_wait(struct wi_rest_calls *calls, int descriptor, int timeout_ms)
{
    struct curl_waitfd wanted = {.fd = descriptor, .events = CURL_WAIT_POLLIN};
    struct pollfd now = {.fd = descriptor, .events = POLLIN};

    /* New exchanges are sent before waiting. */
    if (go_on(calls) > 0)
        timeout_ms = 0;
    curl_multi_poll(calls->multi, &wanted, descriptor >= 0, timeout_ms, NULL);
    go_on(calls);
    return poll(&now, 1, 0) > 0; /* curl does not report the end of a pipe */
}

void wi_rest_add_argument(
    struct wi_buffer *path, char separator, const char *name, const char *value)
{
    if (!value)
        return;
    wi_buffer_printf(path, "%c%s=", separator, name);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        wi_buffer_printf(
            path, strchr("&=+#%?\"<>\\^`{}| ", *c) || *c < 0x20 || *c > 0x7e ? "%%%02X" : "%c", *c);
}
