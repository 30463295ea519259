/*
 * The INI file. inih splits "key = value"; everything that it does silently is done here before it
 * sees a line: lines are counted and bounded, comments and continuation lines and sections are
 * judged, and what would be cut (over-long lines, " ;" in a value) is refused.
 */
#include "config/options.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct wi_config *config;
    const char *path;
    FILE *file;
    unsigned line;
    const char *section; /* of wi_sections, or NULL before the first */
    char title[64];      /* "browser.chrome", for messages */
    size_t browser;      /* index, in a browser section */
    struct wi_error *error;
    int failed;
};

/* Records the error of the current line; the first one stays. `what` is "[section] key" or "". */
__attribute__((format(printf, 4, 5))) static void fail(
    struct reader *reader, enum wi_code code, const char *key, const char *format, ...)
{
    char detail[384], field[96] = "";
    va_list arguments;

    if (reader->failed)
        return;
    reader->failed = 1;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    if (key)
        snprintf(field, sizeof(field), "%s.%.31s", reader->title, key);
    wi_error_set(reader->error, code, field, "%.200s:%u: %s", reader->path, reader->line, detail);
}

/* --- suggestions ------------------------------------------------------------------------------ */

/* Edit distance; both at most 63 characters. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[length];
}

/* Makes `best` the nearer of it and `candidate` to `text`, if that is near enough at all. */
static void consider(const char *text, const char *candidate, size_t *nearest, const char **best)
{
    size_t d;

    if (strlen(text) > 63)
        return;
    d = distance(text, candidate);
    if (d < *nearest && d <= 1 + strlen(candidate) / 3) {
        *nearest = d;
        *best = candidate;
    }
}

static void fail_unknown_key(struct reader *reader, const char *key)
{
    const char *best = NULL;
    size_t nearest = SIZE_MAX, used = 0;
    char allowed[256] = "";

    for (const struct wi_option *option = wi_options; option->key; option++) {
        if (strcmp(option->section, reader->section) != 0)
            continue;
        consider(key, option->key, &nearest, &best);
        if (used < sizeof(allowed))
            used += (size_t)snprintf(
                allowed + used, sizeof(allowed) - used, "%s%s", used ? ", " : "", option->key);
    }
    if (best)
        fail(reader, WI_UNKNOWN_FIELD, key, "[%s] has no key \"%.48s\"; did you mean \"%s\"?",
            reader->title, key, best);
    else
        fail(reader, WI_UNKNOWN_FIELD, key, "[%s] has no key \"%.48s\"; allowed are %s",
            reader->title, key, allowed);
    wi_error_allow(reader->error, "%s", allowed);
}

static void fail_unknown_section(struct reader *reader, const char *name)
{
    static const char allowed[] = "api, bridge, pool, browser.NAME, models, log";
    const char *best = NULL;
    size_t nearest = SIZE_MAX;

    for (const struct wi_section *section = wi_sections; section->name; section++)
        if (strcmp(section->name, WI_SECTION_BROWSER) != 0)
            consider(name, section->name, &nearest, &best);
    consider(name, "browser.chrome", &nearest, &best);
    if (best)
        fail(reader, WI_UNKNOWN_FIELD, NULL, "there is no section [%.48s]; did you mean [%s]?",
            name, best);
    else
        fail(reader, WI_UNKNOWN_FIELD, NULL, "there is no section [%.48s]; allowed are %s", name,
            allowed);
    wi_error_allow(reader->error, "%s", allowed);
}

/* --- sections and values ---------------------------------------------------------------------- */

/* [a-z][a-z0-9_-]{0,30} */
static int is_browser_name(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= WI_BROWSER_NAME_MAX && islower((unsigned char)name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static void enter_section(struct reader *reader, const char *name)
{
    static const char prefix[] = WI_SECTION_BROWSER ".";
    const char *browser = strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : NULL;

    reader->section = NULL;
    if (browser && !is_browser_name(browser)) {
        fail(reader, WI_INVALID_FIELD, NULL,
            "[%.48s] is no browser section; allowed is [browser.NAME], NAME being at most %d "
            "lower-case letters, digits, \"_\" and \"-\", beginning with a letter",
            name, WI_BROWSER_NAME_MAX);
        return;
    }
    for (const struct wi_section *section = wi_sections; section->name; section++) {
        int is_browser = strcmp(section->name, WI_SECTION_BROWSER) == 0;

        if (is_browser ? browser != NULL : strcmp(section->name, name) == 0)
            reader->section = section->name;
    }
    if (!reader->section) {
        fail_unknown_section(reader, name);
        return;
    }
    snprintf(reader->title, sizeof(reader->title), "%s", name);
    reader->browser = browser ? wi_config_add_browser(reader->config, browser) : 0;
}

static void add_origin(struct reader *reader, const struct wi_option *option)
{
    struct wi_config *config = reader->config;

    config->_origins =
        wi_realloc_array(config->_origins, config->_origin_count + 1, sizeof(*config->_origins));
    config->_origins[config->_origin_count++] = (struct wi_config_origin){.option = option,
        .browser = reader->browser,
        .file = wi_strdup(reader->path),
        .line = reader->line};
}

static void set_value(struct reader *reader, const char *key, const char *value)
{
    const struct wi_option *option = wi_option_find(reader->section, key);
    const struct wi_config_origin *earlier;
    void *base;
    char allowed[256];

    if (!option) {
        fail_unknown_key(reader, key);
        return;
    }
    earlier = wi_config_origin(reader->config, option, reader->browser);
    if (earlier && !wi_option_is_list(option)) {
        fail(reader, WI_INVALID_FIELD, key, "[%s] %s: is given twice, first in line %u",
            reader->title, key, earlier->line);
        return;
    }
    base = wi_option_base(reader->config, option, reader->browser);
    if (wi_option_set(option, base, value, earlier != NULL) < 0) {
        wi_option_allowed(option, allowed, sizeof(allowed));
        fail(reader, WI_INVALID_FIELD, key, "[%s] %s: found \"%.80s\"; allowed: %s", reader->title,
            key, value, allowed);
        wi_error_allow(reader->error, "%s", allowed);
        return;
    }
    if (!earlier)
        add_origin(reader, option);
}

/* inih's handler; 0 is a failure. Its idea of the section is cut at 49 characters: ours counts. */
static int on_value(void *context, const char *section, const char *key, const char *value)
{
    struct reader *reader = context;

    if (reader->failed)
        return 0;
    if (!reader->section)
        fail(reader, WI_INVALID_FIELD, NULL, "\"%.48s\" stands before any [section]", key);
    else
        set_value(reader, key, value);
    return !reader->failed;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Reads one line without its end, of which at most `size` - 1 bytes are kept; the whole length is
 * returned, or -1 at the end of the file. */
static ssize_t read_line(FILE *file, char *line, size_t size)
{
    size_t length = 0;
    int c = getc(file);

    if (c == EOF)
        return -1;
    for (; c != EOF && c != '\n'; c = getc(file), length++)
        if (length < size - 1)
            line[length] = (char)c;
    if (length > 0 && length < size && line[length - 1] == '\r')
        length--;
    line[length < size - 1 ? length : size - 1] = '\0';
    return (ssize_t)length;
}

static void check_section_line(struct reader *reader, char *line)
{
    char *end = strchr(line, ']');

    if (!end || end[1]) {
        fail(reader, WI_INVALID_FIELD, NULL,
            "found \"%.80s\"; a section is \"[name]\" and nothing "
            "more on its line",
            line);
        return;
    }
    *end = '\0';
    enter_section(reader, line + 1);
    *end = ']';
}

static void check_key_line(struct reader *reader, const char *line)
{
    size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
    const char *after = line + key + strspn(line + key, " \t");

    if (*after != '=') {
        fail(reader, WI_INVALID_FIELD, NULL,
            "found \"%.80s\"; allowed are \"[section]\", \"key = value\" and lines that begin "
            "with \"#\" or \";\"",
            line);
        return;
    }
    for (const char *c = line; *c; c++) {
        if ((*c == ' ' || *c == '\t' || c == after) && c[1] == ';') {
            fail(reader, WI_INVALID_FIELD, NULL,
                "a value cannot begin with \";\" or contain a space and \";\"; a comment "
                "stands on a line of its own");
            return;
        }
    }
}

/* Where the text of the line begins, or NULL if it must not go on. */
static char *check_line(struct reader *reader, char *line, size_t length, size_t size)
{
    char *text = line;
    size_t end;

    if (reader->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    text += strspn(text, " \t");
    if (*text == '#' || *text == ';' || (!*text && strlen(line) == length))
        return text + strlen(text); /* inih need not see comments */
    if (length > size - 1) {
        fail(reader, WI_INVALID_FIELD, NULL, "the line has %zu bytes; at most %zu are allowed",
            length, size - 1);
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)line[i]) && line[i] != '\t') {
            fail(reader, WI_INVALID_FIELD, NULL, "there is a control character (byte %u)",
                (unsigned char)line[i]);
            return NULL;
        }
    }
    for (end = strlen(text); end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'); end--)
        text[end - 1] = '\0';
    if (*text == '[')
        check_section_line(reader, text);
    else
        check_key_line(reader, text);
    return reader->failed ? NULL : text;
}

/* inih's fgets: one checked line into `out`, or NULL to end. */
static char *next_line(char *out, int size, void *context)
{
    struct reader *reader = context;
    char line[1024], *text;
    ssize_t length;

    /* inih needs room for the newline and the NUL. */
    size_t room = (size_t)size - 2 < sizeof(line) - 1 ? (size_t)size - 2 : sizeof(line) - 1;

    if (reader->failed)
        return NULL;
    length = read_line(reader->file, line, sizeof(line));
    if (length < 0)
        return NULL;
    reader->line++;
    text = check_line(reader, line, (size_t)length, room + 1);
    if (!text)
        return NULL;
    snprintf(out, (size_t)size, "%s\n", text);
    return out;
}

enum wi_code wi_config_read(struct wi_config *config, const char *path, struct wi_error *error)
{
    struct wi_error problem = {0};
    struct reader reader = {.config = config, .path = path, .error = &problem};
    int line;

    reader.file = fopen(path, "re");
    if (!reader.file)
        return wi_error_set(
            error, WI_NOT_FOUND, "", "%.200s: cannot be opened: %s", path, strerror(errno));
    errno = 0;
    line = ini_parse_stream(next_line, &reader, on_value, &reader);
    if (!reader.failed && ferror(reader.file))
        fail(&reader, WI_INVALID_FIELD, NULL, "cannot be read: %s", strerror(errno));
    fclose(reader.file);
    if (!reader.failed && line != 0) { /* what inih found and we did not */
        reader.line = line > 0 ? (unsigned)line : reader.line;
        fail(&reader, WI_INVALID_FIELD, NULL, "the line cannot be understood");
    }
    if (!reader.failed)
        return WI_OK;
    if (error)
        *error = problem;
    return problem.code;
}
