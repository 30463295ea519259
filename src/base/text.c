/* UTF-8 that was cut, bytes as digits, and texts that are joined; see text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

size_t wi_text_sequence(const char *text)
{
    static const struct {
        unsigned char mask, lead, length;
        unsigned least;
    } forms[] = {{0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((s[0] & forms[i].mask) != forms[i].lead)
            continue;
        unsigned point = s[0] & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k < forms[i].length; k++) {
            if ((s[k] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (s[k] & 0x3f);
        }
        int valid =
            point >= forms[i].least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        return valid ? forms[i].length : 0;
    }
    return 0;
}

/* Whether the rest of the text is only the beginning of a character. */
static int is_cut(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2, have = 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    while ((s[have] & 0xc0) == 0x80)
        have++;
    return have < length && s[have] == '\0';
}

char *wi_text_mend(char *text)
{
    char *at = text;
    while (*at) {
        size_t length = (unsigned char)*at < 0x80 ? 1 : wi_text_sequence(at);
        if (length == 0 && is_cut(at)) {
            *at = '\0';
            break;
        }
        if (length == 0)
            *at = '?';
        at += length ? length : 1;
    }
    return text;
}

char *wi_text_copy(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text ? text : "", size - 1);
    if (length)
        memcpy(out, text, length);
    out[length] = '\0';
    return wi_text_mend(out);
}

void wi_text_printable(char *out, size_t size, const char *text)
{
    wi_text_copy(out, size, text);
    for (unsigned char *at = (unsigned char *)out; *at; at++)
        if (*at < 0x20 || *at == 0x7f)
            *at = ' ';
}

int wi_text_is_plain(const char *text)
{
    while (*text) {
        size_t sequence = (unsigned char)*text < 0x80 ? 1 : wi_text_sequence(text);
        if (sequence == 0 || wi_control_bytes(text, sequence) > 0)
            return 0;
        text += sequence;
    }
    return 1;
}

int wi_text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

int wi_text_ends(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);
    return length >= size && strcasecmp(text + length - size, end) == 0;
}

void wi_text_hex(const unsigned char *bytes, size_t count, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * count] = '\0';
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void wi_text_base64url(const void *bytes, size_t count, char *text)
{
    const unsigned char *byte = bytes;
    unsigned bits = 0, left = 0;
    for (; count > 0; count--) {
        bits = bits << 8 | *byte++;
        for (left += 8; left >= 6; left -= 6)
            *text++ = base64url[bits >> (left - 6) & 63];
    }
    if (left > 0)
        *text++ = base64url[bits << (6 - left) & 63];
    *text = '\0';
}

int wi_text_from_base64url(const char *text, unsigned char *bytes, size_t count)
{
    unsigned bits = 0, left = 0;
    if (strlen(text) != WI_BASE64URL_SIZE(count) - 1)
        return -1;
    for (; *text; text++) {
        const char *digit = strchr(base64url, *text);
        if (!digit)
            return -1;
        bits = (bits << 6 | (unsigned)(digit - base64url)) & 0xfff;
        left += 6;
        if (left >= 8) {
            left -= 8;
            *bytes++ = (unsigned char)(bits >> left);
        }
    }
    return bits & ((1U << left) - 1) ? -1 : 0; /* of the last digit, which has too many */
}

size_t wi_text_base64url_span(const char *text)
{
    return strspn(text, base64url);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void wi_names_sort(void *rows, size_t count, size_t size)
{
    if (count > 0)
        qsort(rows, count, size, compare_names);
}

ssize_t wi_names_find(const void *rows, size_t count, size_t size, const char *name)
{
    const char *found = count > 0 ? bsearch(&name, rows, count, size, compare_names) : NULL;
    return found ? (found - (const char *)rows) / (ssize_t)size : -1;
}

void wi_text_list_add(char *list, size_t size, const char *item)
{
    static const char more[] = ", …"; /* there is always room for it */
    size_t used = strlen(list), comma = used ? 2 : 0;
    if (wi_text_ends(list, "…"))
        return;
    if (used + comma + strlen(item) + sizeof more > size)
        wi_join(list + used, size - used, more + 2 - comma, NULL);
    else
        wi_join(list + used, size - used, comma ? ", " : "", item, NULL);
}

const char *wi_text_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void wi_join(char *out, size_t size, ...)
{
    va_list arguments;
    const char *text;
    size_t used = 0;
    va_start(arguments, size);
    while ((text = va_arg(arguments, const char *)) != NULL) {
        size_t length = strnlen(text, size - 1 - used);
        memcpy(out + used, text, length);
        used += length;
    }
    va_end(arguments);
    out[used] = '\0';
}

const char *wi_digits(char digits[WI_DIGITS_SIZE], uint64_t number)
{
    char *at = digits + WI_DIGITS_SIZE - 1;
    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return at;
}

/* The date is made once a second, for times are written for every request and every line of a
 * stream. */
void wi_format_time(int64_t ms, char out[WI_TIME_SIZE])
{
    static _Thread_local time_t made = -1;
    static _Thread_local char date[WI_TIME_SIZE];
    char millis[WI_DIGITS_SIZE];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    if (seconds != made) {
        gmtime_r(&seconds, &utc);
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
        made = seconds;
    }
    wi_join(out, WI_TIME_SIZE, date, ".", wi_digits(millis, 1000 + (uint64_t)(ms % 1000)) + 1, "Z",
        NULL);
}
