/* See http.h. Headers are hostile text: nothing here allocates or trusts a length in them. */
#include "base/net/http.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Reads digits into `value`; 0 on success, with `*text` after them. More than 18 digits cannot be a
 * position in any file, and would overflow. */
static int read_digits(const char **text, uint64_t *value)
{
    size_t digits = 0;
    *value = 0;
    for (; isdigit((unsigned char)**text); (*text)++, digits++) {
        if (digits == 18)
            return -1;
        *value = *value * 10 + (uint64_t)(**text - '0');
    }
    return digits ? 0 : -1;
}

enum wi_range wi_http_range(const char *header, uint64_t size, uint64_t *first, uint64_t *last)
{
    static const char unit[] = "bytes=";
    uint64_t from = 0, to = 0;
    if (!header || strncasecmp(header, unit, sizeof unit - 1) != 0)
        return WI_RANGE_NONE;
    const char *at = header + sizeof unit - 1;

    if (*at == '-') { /* the last `to` bytes */
        at++;
        if (read_digits(&at, &to) || *at)
            return WI_RANGE_NONE;
        if (to == 0 || size == 0)
            return WI_RANGE_UNSATISFIABLE;
        *first = to >= size ? 0 : size - to;
        *last = size - 1;
        return WI_RANGE_PART;
    }
    if (read_digits(&at, &from) || *at++ != '-')
        return WI_RANGE_NONE;
    if (*at == '\0')
        to = UINT64_MAX;
    else if (read_digits(&at, &to) || *at || to < from)
        return WI_RANGE_NONE;
    if (from >= size)
        return WI_RANGE_UNSATISFIABLE;
    *first = from;
    *last = to >= size ? size - 1 : to;
    return WI_RANGE_PART;
}

const char *wi_http_next_element(const char **header, size_t *length)
{
    const char *start = *header + strspn(*header, ", \t");
    if (!*start)
        return NULL;
    const char *end = start + strcspn(start, ",");
    *header = end;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *length = (size_t)(end - start);
    return start;
}

int wi_http_list_has(const char *header, const char *token)
{
    size_t length;
    const char *element;
    while (header && (element = wi_http_next_element(&header, &length)))
        if (length == strlen(token) && memcmp(element, token, length) == 0)
            return 1;
    return 0;
}

int wi_http_etag_matches(const char *header, const char *etag)
{
    size_t length;
    const char *element;
    while (header && (element = wi_http_next_element(&header, &length))) {
        if (length == 1 && *element == '*')
            return 1;
        if (length > 2 && memcmp(element, "W/", 2) == 0) {
            element += 2;
            length -= 2;
        }
        if (length == strlen(etag) && memcmp(element, etag, length) == 0)
            return 1;
    }
    return 0;
}

int wi_http_weight(const char *text, size_t length)
{
    int weight = 0;
    if (length == 0 || length > 5 || (*text != '0' && *text != '1'))
        return -1;
    if (length > 1 && text[1] != '.')
        return -1;
    weight = (*text - '0') * 1000;
    for (size_t i = 2, worth = 100; i < length; i++, worth /= 10) {
        if (!isdigit((unsigned char)text[i]))
            return -1;
        weight += (text[i] - '0') * (int)worth;
    }
    return weight <= 1000 ? weight : -1;
}

/* The weight after an element's name, `length` bytes of "; q=0.5" or nothing, in thousandths; 0 if
 * it is malformed. */
static int weight_behind(const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    if (text == end)
        return 1000;
    if (*text++ != ';')
        return 0;
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    if (end - text < 3 || (*text != 'q' && *text != 'Q') || text[1] != '=')
        return 0;
    int weight = wi_http_weight(text + 2, (size_t)(end - text - 2));
    return weight < 0 ? 0 : weight;
}

static const char *const coding_names[WI_CODING_COUNT] = {"identity", "gzip", "br"};

const char *wi_http_coding_name(enum wi_coding coding)
{
    return coding == WI_IDENTITY ? NULL : coding_names[coding];
}

enum wi_coding wi_http_coding(const char *header, unsigned there)
{
    /* -1: the header says nothing of it. */
    int weights[WI_CODING_COUNT] = {-1, -1, -1}, others = -1, most = 0;
    enum wi_coding best = WI_IDENTITY;
    size_t length;
    const char *element;
    while (header && (element = wi_http_next_element(&header, &length))) {
        size_t name = strcspn(element, ",; \t");
        int weight = weight_behind(element + name, length - name);
        if (name == 1 && *element == '*')
            others = weight;
        for (int i = 0; i < WI_CODING_COUNT; i++)
            if (name == strlen(coding_names[i]) && strncasecmp(element, coding_names[i], name) == 0)
                weights[i] = weight;
    }
    for (int i = 0; i < WI_CODING_COUNT; i++) {
        int said = weights[i] >= 0 ? weights[i] : others;
        /* None at all is taken unless it is refused, and liked least unless it is named. */
        int weight = said >= 0 ? said : i == WI_IDENTITY;
        if ((i == WI_IDENTITY || there & 1u << i) && weight > 0 && weight >= most) {
            best = (enum wi_coding)i;
            most = weight;
        }
    }
    return best;
}

const char *wi_http_media_type(const char *name)
{
    static const struct {
        const char *extension, *type;
    } types[] = {
        {"html", "text/html; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"wasm", "application/wasm"}, /* anything else stops streaming compilation */
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"ico", "image/x-icon"},
        {"woff2", "font/woff2"},
        {"txt", "text/plain; charset=utf-8"},
        {"wgsl", "text/plain; charset=utf-8"},
        {"onnx", "application/octet-stream"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(dot + 1, types[i].extension) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* esbuild writes 8 characters of base32 in upper case; others 8 or more of lower-case hex. */
static int looks_like_hash(const char *text, size_t length)
{
    size_t base32 = 0, hex = 0, digits = 0;
    for (size_t i = 0; i < length; i++) {
        base32 += (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '2' && text[i] <= '7');
        hex += isdigit((unsigned char)text[i]) || (text[i] >= 'a' && text[i] <= 'f');
        digits += isdigit((unsigned char)text[i]) != 0;
    }
    return (length == 8 && base32 == length) || (length >= 8 && hex == length && digits > 0);
}

int wi_http_name_is_hashed(const char *name)
{
    const char *part = wi_text_basename(name);
    part += strcspn(part, "-."); /* the first part is the file's own name */
    while (*part) {
        part++;
        size_t length = strcspn(part, "-.");
        if (part[length] == '\0')
            return 0; /* the extension */
        if (looks_like_hash(part, length))
            return 1;
        part += length;
    }
    return 0;
}

const char *wi_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } rows[] = {{200, "OK"}, {206, "Partial Content"}, {304, "Not Modified"}, {400, "Bad Request"},
        {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
        {416, "Range Not Satisfiable"}, {426, "Upgrade Required"}, {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return "Error";
}

int wi_http_host_is_literal(const char *host)
{
    char text[64];
    unsigned char address[16];
    size_t length;
    if (*host == '[') {
        host++;
        length = strcspn(host, "]");
        if (!host[length] || length >= sizeof text)
            return 0;
    } else {
        length = strcspn(host, ":");
    }
    if (length >= sizeof text)
        return 0;
    memcpy(text, host, length);
    text[length] = '\0';
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

int wi_http_is_slow(double elapsed_ms, uint64_t sent)
{
    return elapsed_ms > 30000 + (double)sent * 1000 / WI_HTTP_MIN_RATE;
}

int wi_media_type_is(const char *content_type, const char *type)
{
    size_t length = strlen(type);
    if (!content_type || strncasecmp(content_type, type, length) != 0)
        return 0;
    const char *rest = content_type + length;
    return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}

int wi_parse_length(const char *text, uint64_t *length)
{
    uint64_t value = 0;
    if (!text || !*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
            return -1;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *length = value;
    return 0;
}

int wi_http_may_retry(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

unsigned wi_http_retry_after(const char *header)
{
    char *end;
    if (!header)
        return 0;
    long long seconds = strtoll(header, &end, 10);
    if (end == header || *end != '\0') {
        time_t then = curl_getdate(header, NULL);
        seconds = then < 0 ? 0 : (long long)then - (long long)time(NULL);
    }
    if (seconds < 0)
        return 0;
    return seconds < WI_HTTP_RETRY_AFTER_MAX ? (unsigned)seconds : WI_HTTP_RETRY_AFTER_MAX;
}
