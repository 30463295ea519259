/* The daemon's REST API over libcurl. The token goes only into a header of this one exchange. */
#include "cli/rest.h"

#include "base/memory.h"
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The daemon's own bound on a frame is 65 MiB by default; an answer beyond this is no answer. */
#define ANSWER_MAX ((size_t)1 << 30)
#define CONNECT_TIMEOUT_MS 5000L

/* What curl's callbacks get. */
struct exchange {
    const struct wi_rest_request *request;
    struct wi_rest_answer *answer;
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

/* The value of a header of that name, "Name: "; NULL where it is another. */
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
    const struct exchange *exchange = context;
    const struct wi_rest_request *request = exchange->request;
    struct wi_rest_answer *answer = exchange->answer;
    const char *type = request->accept ? request->accept : "text/event-stream", *value;
    size_t size = unit * count, length;

    if ((value = value_of(bytes, size, "Inference-Header-Content-Length: ", &length)))
        answer->json_size = number_of(value, length);
    if ((value = value_of(bytes, size, "Content-Length: ", &length)))
        answer->announced = number_of(value, length);
    if (request->on_events && (value = value_of(bytes, size, "Content-Type: ", &length)) &&
        length >= strlen(type) && strncasecmp(value, type, strlen(type)) == 0)
        answer->events = 1;
    return size;
}

static struct curl_slist *make_headers(
    const struct wi_rest *rest, const struct wi_rest_request *request)
{
    char *line = wi_sprintf("Accept: %s", request->accept ? request->accept : "application/json");
    struct curl_slist *list = curl_slist_append(NULL, line);

    free(line);
    list = curl_slist_append(list, "Expect:"); /* one round trip, not two */
    if (request->body)
        list = curl_slist_append(list, request->json_size || request->is_bytes
                                           ? "Content-Type: application/octet-stream"
                                           : "Content-Type: application/json");
    if (request->json_size) {
        line = wi_sprintf("Inference-Header-Content-Length: %zu", request->json_size);
        list = curl_slist_append(list, line);
        free(line);
    }
    if (rest->token) {
        line = wi_sprintf("Authorization: Bearer %s", rest->token);
        list = curl_slist_append(list, line);
        OPENSSL_cleanse(line, strlen(line));
        free(line);
    }
    return list;
}

static int on_progress(
    void *context, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
    const struct wi_rest_request *request = context;

    return request->is_cancelled();
}

static void set_up(CURL *curl, const struct wi_rest *rest, const struct wi_rest_request *request,
    struct exchange *exchange, const char *url, struct curl_slist *headers)
{
    struct wi_rest_answer *answer = exchange->answer;

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->failure);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
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

void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    struct curl_slist *headers = make_headers(rest, request);
    char *url = wi_sprintf("%s%s", rest->url, request->path);
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_FAILED_INIT;
    struct exchange exchange = {request, answer};

    _Static_assert(sizeof answer->failure >= CURL_ERROR_SIZE, "curl writes that much");
    *answer = (struct wi_rest_answer){0};
    if (curl) {
        set_up(curl, rest, request, &exchange, url, headers);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    }
    if (code != CURLE_OK) {
        answer->status = 0; /* half an answer is none */
        answer->late = code == CURLE_OPERATION_TIMEDOUT && is_connected(curl);
        answer->untrusted = code == CURLE_PEER_FAILED_VERIFICATION;
        if (!*answer->failure)
            strncpy(answer->failure, curl_easy_strerror(code), sizeof answer->failure - 1);
    }
    wi_buffer_puts(&answer->body, ""); /* NUL-terminated even if empty */
    if (answer->json_size > answer->body.size)
        answer->json_size = 0;
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    free(url);
}

void wi_rest_answer_clear(struct wi_rest_answer *answer)
{
    wi_buffer_clear(&answer->body);
    *answer = (struct wi_rest_answer){0};
}
