/*
 * A reader for the JSON that programs write; see json_read.h. It makes one pass over the text and
 * builds jansson's values directly from it, while jansson's own reader takes some 200 instructions
 * a byte. It may refuse more than necessary (numbers out of range, \u0000, deep nesting), because a
 * text that it refuses is passed to jansson, which decides and reports the error. It must never
 * accept a text that jansson refuses, nor read one differently: the fuzzer compares the two.
 */
#include "base/json_read.h"

#include "base/buffer.h"
#include "base/text.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64

struct reader {
    const char *at, *end;
    struct wi_buffer unescaped; /* the last string that had escapes */
};

static json_t *reader_read_value(struct reader *reader, int depth);

/* --- Characters ------------------------------------------------------------------------------ */

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                           *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

/* Takes `c` if it comes next, after spaces; whether it did. */
static int reader_take(struct reader *reader, char c)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != c)
        return 0;
    reader->at++;
    return 1;
}

/* --- Strings --------------------------------------------------------------------------------- */

struct string {
    const char *bytes;
    size_t size;
    int ascii; /* else jansson has to see whether it is UTF-8 */
};

#define EIGHT(x) x, x, x, x, x, x, x, x
#define SIXTEEN(x) EIGHT(x), EIGHT(x)

/* Characters that mean themselves in a string, in rows of 16: 1 if ASCII, else 2; 0: others. */
static const unsigned char plain[256] = {SIXTEEN(0), SIXTEEN(0), 1, 1, 0, 1, 1, 1, 1, 1, EIGHT(1),
    SIXTEEN(1), SIXTEEN(1), EIGHT(1), 1, 1, 1, 1, 0, 1, 1, 1, SIXTEEN(1), SIXTEEN(1), SIXTEEN(2),
    SIXTEEN(2), SIXTEEN(2), SIXTEEN(2), SIXTEEN(2), SIXTEEN(2), SIXTEEN(2), SIXTEEN(2)};

/* Skips characters that mean themselves. */
static void skip_plain(struct reader *reader, struct string *string)
{
    unsigned char all = 0, one;
    const char *at = reader->at;
    for (; at < reader->end && (one = plain[(unsigned char)*at]) != 0; at++)
        all |= one;
    string->ascii &= all < 2;
    reader->at = at;
}

/* The character that a backslash and `c` mean; 0 if they are no escape. */
static char char_unescape(char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = c ? strchr(from, c) : NULL;
    return found ? to[found - from] : '\0';
}

/* Takes the \uXXXX that comes next and returns its number, or 0. */
static unsigned take_unit(struct reader *reader)
{
    int unit = wi_text_unit(reader->at, reader->end);
    if (unit < 0)
        return 0;
    reader->at += WI_TEXT_UNIT_SIZE;
    return (unsigned)unit;
}

/* Takes the \uXXXX that comes next, or two that are a pair of surrogates, and returns the
 * character. 0 if there is none, or for NUL, which is left to jansson. */
static unsigned take_character(struct reader *reader)
{
    unsigned first = take_unit(reader);
    if (first < 0xd800 || first > 0xdfff)
        return first;
    unsigned second = first < 0xdc00 ? take_unit(reader) : 0;
    return second >= 0xdc00 && second <= 0xdfff
               ? 0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00))
               : 0;
}

static void add_character(struct wi_buffer *out, unsigned c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(leads[size] | c);
    wi_buffer_add(out, bytes, size);
}

/* Takes the escape that comes next. 0, or -1 if it is left to jansson. */
static int take_escape(struct reader *reader, struct wi_buffer *out)
{
    char c = reader->end - reader->at > 1 ? char_unescape(reader->at[1]) : '\0';
    if (c) {
        wi_buffer_add(out, &c, 1);
        reader->at += 2;
        return 0;
    }
    unsigned character = take_character(reader);
    if (character)
        add_character(out, character);
    return character ? 0 : -1;
}

/* The reader is at a backslash; the text before it begins at `start`. */
static int read_escaped(struct reader *reader, const char *start, struct string *string)
{
    struct wi_buffer *out = &reader->unescaped;
    out->size = 0;
    for (; reader->at < reader->end && *reader->at == '\\'; skip_plain(reader, string)) {
        wi_buffer_add(out, start, (size_t)(reader->at - start));
        if (take_escape(reader, out) != 0)
            return -1;
        start = reader->at;
    }
    wi_buffer_add(out, start, (size_t)(reader->at - start));
    string->bytes = out->text;
    string->size = out->size;
    return 0;
}

/* Reads from after the opening quote to after the closing one. */
static int read_string(struct reader *reader, struct string *string)
{
    const char *start = reader->at;
    string->ascii = 1;
    skip_plain(reader, string);
    string->bytes = start;
    string->size = (size_t)(reader->at - start);
    if (reader->at < reader->end && *reader->at == '\\' && read_escaped(reader, start, string) != 0)
        return -1;
    if (reader->at == reader->end || *reader->at != '"')
        return -1;
    reader->at++;
    return 0;
}

static json_t *reader_read_text(struct reader *reader)
{
    struct string string;
    if (read_string(reader, &string) != 0)
        return NULL;
    return string.ascii ? json_stringn_nocheck(string.bytes, string.size)
                        : json_stringn(string.bytes, string.size);
}

/* --- Numbers --------------------------------------------------------------------------------- */

struct number {
    uint64_t digits; /* without sign, point and exponent; right if there are few */
    size_t whole;    /* the number of digits before the point; a zero does not count */
    size_t places;   /* the number of digits after it */
    int negative, fraction, exponent;
};

/* Reads digits, at least one. Returns the end of them, or NULL. */
static const char *read_digits(const char *at, const char *end, uint64_t *digits)
{
    const char *start = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        *digits = *digits * 10 + (uint64_t)(*at - '0');
    return at == start ? NULL : at;
}

static const char *skip_exponent(const char *at, const char *end)
{
    uint64_t ignored = 0;
    return read_digits(at + (at < end && (*at == '+' || *at == '-')), end, &ignored);
}

/* The end of the number at `at`, or NULL. */
static const char *scan_number(const char *at, const char *end, struct number *number)
{
    number->negative = *at == '-';
    const char *first = at + number->negative;
    at = read_digits(first, end, &number->digits);
    if (!at || (*first == '0' && at - first > 1))
        return NULL;
    number->whole = *first == '0' ? 0 : (size_t)(at - first);
    if (at < end && *at == '.') {
        const char *point = at;
        at = read_digits(point + 1, end, &number->digits);
        number->fraction = 1;
        number->places = at ? (size_t)(at - point - 1) : 0;
    }
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        number->exponent = 1;
        at = skip_exponent(at + 1, end);
    }
    return at;
}

static json_t *make_integer(const struct number *number, const char *text)
{
    if (number->whole < WI_DECIMAL_DIGITS)
        return json_integer(
            number->negative ? -(json_int_t)number->digits : (json_int_t)number->digits);
    errno = 0;
    long long integer = strtoll(text, NULL, 10);
    return errno ? NULL : json_integer(integer);
}

static json_t *make_real(const struct number *number, const char *text)
{
    if (!number->exponent && number->whole + number->places <= WI_DECIMAL_DIGITS) {
        double real = wi_decimal(number->digits, (unsigned)number->places);
        return json_real(number->negative ? -real : real);
    }
    double real = strtod(text, NULL);
    return isfinite(real) ? json_real(real) : NULL;
}

/* A number at the very end of the text is not in a container that is complete; any other is
 * followed by a character at which strtoll() and strtod() stop, too. */
static json_t *reader_read_number(struct reader *reader)
{
    struct number number = {0};
    const char *start = reader->at, *after = scan_number(start, reader->end, &number);
    if (!after || after == reader->end)
        return NULL;
    reader->at = after;
    return number.fraction || number.exponent ? make_real(&number, start)
                                              : make_integer(&number, start);
}

/* --- Containers ------------------------------------------------------------------------------ */

static int set_member(struct reader *reader, json_t *object, const struct string *name, int depth)
{
    size_t before = json_object_size(object);
    json_t *value = reader_read_value(reader, depth);
    int set = name->ascii ? json_object_setn_new_nocheck(object, name->bytes, name->size, value)
                          : json_object_setn_new(object, name->bytes, name->size, value);
    return set == 0 && json_object_size(object) > before ? 0 : -1;
}

static int read_member(struct reader *reader, json_t *object, int depth)
{
    struct string name;
    if (!reader_take(reader, '"') || read_string(reader, &name) != 0 || !reader_take(reader, ':'))
        return -1;
    if (name.bytes != reader->unescaped.text)
        return set_member(reader, object, &name, depth);
    char *own = wi_buffer_take(&reader->unescaped); /* the value may want the buffer */
    int set = set_member(reader, object, &name, depth);
    free(own);
    return set;
}

static int read_members(struct reader *reader, json_t *object, int depth)
{
    if (reader_take(reader, '}'))
        return 0;
    do {
        if (read_member(reader, object, depth) != 0)
            return -1;
    } while (reader_take(reader, ','));
    return reader_take(reader, '}') ? 0 : -1;
}

static int read_items(struct reader *reader, json_t *array, int depth)
{
    if (reader_take(reader, ']'))
        return 0;
    do {
        if (json_array_append_new(array, reader_read_value(reader, depth)) != 0)
            return -1;
    } while (reader_take(reader, ','));
    return reader_take(reader, ']') ? 0 : -1;
}

static json_t *read_container(struct reader *reader, json_t *container, int depth)
{
    int read = -1;
    if (depth < MAX_DEPTH)
        read = json_is_object(container) ? read_members(reader, container, depth + 1)
                                         : read_items(reader, container, depth + 1);
    if (read == 0)
        return container;
    json_decref(container);
    return NULL;
}

static json_t *read_literal(struct reader *reader, const char *word, json_t *value)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return NULL;
    reader->at += length;
    return value;
}

static json_t *reader_read_value(struct reader *reader, int depth)
{
    skip_space(reader);
    if (reader->at == reader->end)
        return NULL;
    switch (*reader->at) {
    case '{':
        reader->at++;
        return read_container(reader, json_object(), depth);
    case '[':
        reader->at++;
        return read_container(reader, json_array(), depth);
    case '"':
        reader->at++;
        return reader_read_text(reader);
    case 't':
        return read_literal(reader, "true", json_true());
    case 'f':
        return read_literal(reader, "false", json_false());
    case 'n':
        return read_literal(reader, "null", json_null());
    default:
        return reader_read_number(reader);
    }
}

/* --- The whole ------------------------------------------------------------------------------- */

static json_t *json_read_whole(const char *text, size_t size)
{
    struct reader reader = {.at = text, .end = text + size};
    skip_space(&reader);
    int container = reader.at < reader.end && (*reader.at == '{' || *reader.at == '[');
    json_t *root = container ? reader_read_value(&reader, 0) : NULL;
    skip_space(&reader);
    if (root && reader.at < reader.end) {
        json_decref(root);
        root = NULL;
    }
    wi_buffer_clear(&reader.unescaped);
    return root;
}

json_t *wi_json_read(const char *text, size_t size, size_t flags, json_error_t *place)
{
    json_t *root = text ? json_read_whole(text, size) : NULL;
    return root ? root : json_loadb(text, size, flags | JSON_REJECT_DUPLICATES, place);
}

/* --- doubles out of decimal digits ---------------------------------------------------------- */

#ifdef __SIZEOF_INT128__

#define TEN_TO_4(x) (x), (x)*10, (x)*100, (x)*1000

static const uint64_t powers[WI_DECIMAL_DIGITS + 1] = {TEN_TO_4(1u), TEN_TO_4(10000u),
    TEN_TO_4(UINT64_C(100000000)), TEN_TO_4(UINT64_C(1000000000000)),
    TEN_TO_4(UINT64_C(10000000000000000))};

double wi_decimal(uint64_t digits, unsigned places)
{
    __extension__ typedef unsigned __int128 wide;
    if (digits == 0)
        return 0;
    /* As large as it gets, so that the quotient has 63 bits at least. */
    int shift = __builtin_clzll(digits);
    wide dividend = (wide)(digits << shift) << 63;
    wide quotient = dividend / powers[places];
    int rest = quotient * powers[places] != dividend;
    return ldexp((double)(quotient | (wide)rest), -63 - shift);
}

#else

double wi_decimal(uint64_t digits, unsigned places)
{
    char text[32];
    snprintf(text, sizeof text, "%llue-%u", (unsigned long long)digits, places);
    return strtod(text, NULL);
}

#endif

static int is_whole(const json_t *value)
{
    double number = json_real_value(value);
    return json_is_real(value) && fabs(number) <= 0x1p53 && floor(number) == number;
}

static void settle_members(json_t *object, int levels)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value)
    {
        if (is_whole(value))
            json_object_set_new(object, name, json_integer((json_int_t)json_real_value(value)));
        else if (levels > 1 && json_is_object(value))
            settle_members(value, levels - 1);
    }
}

void wi_json_settle_integers(json_t *object)
{
    settle_members(object, 2);
}
