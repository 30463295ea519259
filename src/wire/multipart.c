/*
 * multipart/form-data over a whole body, in one pass: a delimiter, the headers of a part, its bytes
 * up to the next delimiter. A delimiter is CR LF "--" BOUNDARY (RFC 2046, 5.1.1); bytes before the
 * first and after the last one are ignored.
 */
#include "wire/multipart.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */

/* The bytes that have not been read yet. */
struct rest {
    const char *at, *end;
};

static size_t rest_left(const struct rest *rest)
{
    return (size_t)(rest->end - rest->at);
}

static enum wi_code bad_form(struct wi_error *error, const char *field, const char *detail)
{
    wi_error_set(error, WI_BAD_FRAMING, field, "%s", detail);
    return wi_error_expect(error, "multipart/form-data as RFC 7578 describes it");
}

/* --- parameters of a header ------------------------------------------------------------------ */

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* The end of the token at `at` (RFC 9110, 5.6.2), which may be empty. */
static const char *skip_token(const char *at, const char *end)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    while (at < end && (isalnum((unsigned char)*at) || (*at && strchr(marks, *at))))
        at++;
    return at;
}

/* Whether [at, end) is `name`, in either case. */
static int header_is_name(const char *at, const char *end, const char *name)
{
    size_t length = strlen(name);
    return (size_t)(end - at) == length && strncasecmp(at, name, length) == 0;
}

/* Copies the value at `at`, a token or a quoted string, into `out`. Returns the position after it,
 * or NULL if it does not end, is too long, or has a NUL. File names may have characters that a
 * token must not have; they are copied as they are. */
static const char *copy_value(const char *at, const char *end, char *out, size_t size)
{
    int quoted = at < end && *at == '"';
    size_t length = 0;
    for (at += quoted; at < end; at++) {
        if (quoted ? *at == '"' : strchr("; \t", *at) != NULL)
            break;
        /* Only these are escaped: some browsers send backslashes in file names unescaped. */
        if (quoted && *at == '\\' && end - at > 1 && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (length + 1 >= size || *at == '\0')
            return NULL;
        out[length++] = *at;
    }
    out[length] = '\0';
    if (quoted && at == end)
        return NULL;
    return at + quoted;
}

enum found { BROKEN = -1, ABSENT, FOUND };

/* The parameter `name` among those that begin at `at` (RFC 2183, 2; RFC 9110, 5.6.6), each after a
 * semicolon. BROKEN if they do not have that form, or if `name` appears twice. A value longer than
 * `size` less one is BROKEN for `name`, and skipped for others. */
static enum found find_parameter(
    const char *at, const char *end, const char *name, char *out, size_t size)
{
    char other[WI_MULTIPART_HEAD_MAX];
    enum found found = ABSENT;
    while ((at = skip_blanks(at, end)) < end) {
        if (*at != ';')
            return BROKEN;
        at = skip_blanks(at + 1, end);
        if (at == end || *at == ';') /* nothing between two of them */
            continue;
        const char *equals = skip_token(at, end);
        if (equals == at || equals == end || *equals != '=')
            return BROKEN;
        int is_it = header_is_name(at, equals, name);
        at = copy_value(equals + 1, end, is_it ? out : other, is_it ? size : sizeof other);
        if (!at || (is_it && found == FOUND))
            return BROKEN;
        if (is_it)
            found = FOUND;
    }
    return found;
}

static enum wi_code read_boundary(const char *content_type, char *boundary, struct wi_error *error)
{
    const char *parameters = content_type + strcspn(content_type, ";");
    const char *end = parameters + strlen(parameters);
    if (find_parameter(parameters, end, "boundary", boundary, BOUNDARY_MAX + 1) == FOUND &&
        *boundary)
        return WI_OK;
    wi_error_set(error, WI_BAD_FRAMING, "Content-Type", "the form's Content-Type has no boundary");
    return wi_error_expect(
        error, "multipart/form-data; boundary=… of 1 to %d characters", BOUNDARY_MAX);
}

/* --- a part ---------------------------------------------------------------------------------- */

static enum wi_code read_disposition(
    struct wi_multipart_part *part, const char *value, const char *end, struct wi_error *error)
{
    char file[WI_MULTIPART_HEAD_MAX];
    const char *rest = skip_token(value, end);
    if (*part->name)
        return bad_form(error, part->name, "a part has more than one Content-Disposition");
    if (!header_is_name(value, rest, "form-data"))
        return bad_form(error, NULL, "a part's Content-Disposition is not form-data");
    if (find_parameter(rest, end, "name", part->name, sizeof part->name) == BROKEN) {
        *part->name = '\0';
        return bad_form(error, NULL,
            "the Content-Disposition of a part is broken, or its name has more than 64 bytes");
    }
    part->is_file = find_parameter(rest, end, "filename", file, sizeof file) != ABSENT ||
                    find_parameter(rest, end, "filename*", file, sizeof file) != ABSENT;
    return WI_OK;
}

/* One line without its end. The bytes of a file determine its type, not its Content-Type; other
 * headers are ignored (RFC 7578, 4.8), except that an encoding is refused. */
static enum wi_code read_header(
    struct wi_multipart_part *part, const char *line, const char *end, struct wi_error *error)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon)
        return bad_form(error, NULL, "a part has a header without a colon");
    const char *value = skip_blanks(colon + 1, end);
    if (header_is_name(line, colon, "Content-Disposition"))
        return read_disposition(part, value, end, error);
    const char *token_end = skip_token(value, end);
    if (header_is_name(line, colon, "Content-Transfer-Encoding") &&
        (header_is_name(value, token_end, "base64") ||
            header_is_name(value, token_end, "quoted-printable")))
        return bad_form(error, "Content-Transfer-Encoding",
            "a part is in base64 or quoted-printable; send its bytes as they are");
    return WI_OK;
}

static enum wi_code part_read_head(
    struct wi_multipart_part *part, struct rest *rest, struct wi_error *error)
{
    size_t limit =
        rest_left(rest) < WI_MULTIPART_HEAD_MAX ? rest_left(rest) : WI_MULTIPART_HEAD_MAX;
    const char *stop = rest->at + limit;
    for (;;) {
        const char *end = memmem(rest->at, (size_t)(stop - rest->at), "\r\n", 2);
        const char *line = rest->at;
        enum wi_code code;
        if (!end)
            return bad_form(error, NULL, "the headers of a part do not end, or are too long");
        rest->at = end + 2;
        if (end == line)
            break;
        if ((code = read_header(part, line, end, error)))
            return code;
    }
    if (!*part->name)
        return bad_form(error, NULL, "a part has no name");
    return WI_OK;
}

/* --- the body -------------------------------------------------------------------------------- */

/* The text between parts, without the CR LF that may be missing before the first one. */
struct delimiter {
    char text[BOUNDARY_MAX + 5]; /* "\r\n--BOUNDARY" */
    size_t length;
};

enum delimiter_end { NONE, NEXT, LAST };

/* After a boundary at rest->at: "--" ends the form, else blanks and CR LF begin a part. */
static enum delimiter_end pass_delimiter(struct rest *rest)
{
    if (rest_left(rest) >= 2 && memcmp(rest->at, "--", 2) == 0)
        return LAST;
    rest->at = skip_blanks(rest->at, rest->end);
    if (rest_left(rest) < 2 || memcmp(rest->at, "\r\n", 2) != 0)
        return NONE;
    rest->at += 2;
    return NEXT;
}

/* Moves past the next delimiter; `*before` is the end of the data that it ends. A boundary followed
 * by anything else is not a delimiter. */
static enum delimiter_end find_delimiter(
    struct rest *rest, const struct delimiter *delimiter, const char **before)
{
    const char *found;
    while ((found = memmem(rest->at, rest_left(rest), delimiter->text, delimiter->length))) {
        rest->at = found + delimiter->length;
        *before = found;
        enum delimiter_end end = pass_delimiter(rest);
        if (end != NONE)
            return end;
    }
    return NONE;
}

/* The first one may be at the very beginning of the body. */
static enum delimiter_end find_first(struct rest *rest, const struct delimiter *delimiter)
{
    const char *before, *line = delimiter->text + 2;
    size_t length = delimiter->length - 2;
    if (rest_left(rest) >= length && memcmp(rest->at, line, length) == 0) {
        struct rest behind = {rest->at + length, rest->end};
        enum delimiter_end end = pass_delimiter(&behind);
        if (end != NONE) {
            *rest = behind;
            return end;
        }
    }
    return find_delimiter(rest, delimiter, &before);
}

static enum wi_code form_read_part(struct wi_multipart *form, struct rest *rest,
    const struct delimiter *delimiter, enum delimiter_end *end, struct wi_error *error)
{
    struct wi_multipart_part *part = &form->parts[form->count];
    const char *before;
    enum wi_code code;
    if (form->count == WI_MULTIPART_MAX) {
        bad_form(error, NULL, "the form has too many parts");
        return wi_error_expect(error, "at most %d parts", WI_MULTIPART_MAX);
    }
    memset(part, 0, sizeof *part);
    if ((code = part_read_head(part, rest, error)))
        return code;
    part->bytes = (const unsigned char *)rest->at;
    rest->at -= 2; /* the CR LF of an empty part also belongs to its delimiter */
    *end = find_delimiter(rest, delimiter, &before);
    if (*end == NONE)
        return bad_form(error, part->name, "the form is cut short: its last delimiter is missing");
    if (before > (const char *)part->bytes)
        part->size = (size_t)(before - (const char *)part->bytes);
    form->count++;
    return WI_OK;
}

enum wi_code wi_multipart_read(struct wi_multipart *form, const char *content_type,
    const unsigned char *body, size_t size, struct wi_error *error)
{
    struct rest rest = {(const char *)body, (const char *)body + size};
    struct delimiter delimiter = {.text = "\r\n--"};
    enum wi_code code = read_boundary(content_type, delimiter.text + 4, error);
    form->count = 0;
    if (code != WI_OK)
        return code;
    delimiter.length = strlen(delimiter.text);
    enum delimiter_end end = find_first(&rest, &delimiter);
    if (end == NONE)
        return bad_form(error, NULL, "the form's boundary is nowhere in the body");
    while (code == WI_OK && end == NEXT)
        code = form_read_part(form, &rest, &delimiter, &end, error);
    return code;
}

const struct wi_multipart_part *wi_multipart_find(const struct wi_multipart *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->parts[i].name, name) == 0)
            return &form->parts[i];
    return NULL;
}
