/*
 * The INI file. inih splits "key = value". Everything that it would do silently is done here before
 * it sees a line: lines are counted and bounded, comments, continuation lines and sections are
 * checked, and input that would be cut (over-long lines, " ;" in a value) is refused.
 */
#include "base/nearest.h"
#include "base/text.h"
#include "settings/config/config_options.h"
#include "settings/config/private.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In place of a path: the source of settings on the command line. */
#define SETTING "--set"

struct reader {
    struct wi_config *config;
    const char *path; /* or SETTING */
    FILE *file;
    unsigned line;       /* 0: the input is not a file */
    const char *section; /* of wi_sections, or NULL before the first */
    char title[64];      /* "browser.chrome", for messages */
    size_t instance;     /* of a section that may occur several times */
    int refused;         /* the section: the meaning of its keys is unknown */
    struct wi_problems *problems;
};

/* Records a problem of the current line and continues; the caller may add to the returned error,
 * which may be NULL. `key` is one of the section, or NULL. */
__attribute__((format(printf, 4, 5))) static struct wi_error *reader_fail(
    struct reader *reader, enum wi_code code, const char *key, const char *format, ...)
{
    char detail[384], field[96] = "";
    struct wi_error *error = wi_problems_add(reader->problems);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (key)
        snprintf(field, sizeof field, "%s.%.31s", reader->title, key);
    if (reader->line > 0)
        wi_error_set(error, code, field, "%.200s:%u: %s", reader->path, reader->line, detail);
    else
        wi_error_set(error, code, field, "%s: %s", reader->path, detail);
    return error;
}

/* Of a list of what is allowed in the text of an error, which also has the file and the key. */
#define LIST_SHOWN 180

/* --- suggestions ------------------------------------------------------------------------------ */

static void fail_unknown_key(struct reader *reader, const char *key)
{
    struct wi_nearest meant = wi_nearest_to(key);
    char shown[LIST_SHOWN] = "", allowed[sizeof((struct wi_error *)0)->allowed] = "";

    for (const struct wi_setting *option = wi_options; option->key; option++) {
        if (strcmp(option->section, reader->section) != 0)
            continue;
        wi_nearest_offer(&meant, option->key);
        wi_text_list_add(shown, sizeof shown, option->key);
        wi_text_list_add(allowed, sizeof allowed, option->key);
    }
    const char *const hint[] = {
        meant.name ? "did you mean \"" : "allowed are ", meant.name ? "\"?" : ""};
    wi_error_allow(reader_fail(reader, WI_UNKNOWN_FIELD, key, "[%s] has no key \"%.48s\"; %s%s%s",
                       reader->title, key, hint[0], meant.name ? meant.name : shown, hint[1]),
        "%s", allowed);
}

static void fail_unknown_section(struct reader *reader, const char *name)
{
    struct wi_nearest meant = wi_nearest_to(name);
    char allowed[LIST_SHOWN] = "";

    for (const struct wi_section *section = wi_sections; section->name; section++) {
        char title[48];
        wi_join(title, sizeof title, section->name, section->sample ? ".NAME" : "", NULL);
        wi_text_list_add(allowed, sizeof allowed, title);
        if (!section->sample)
            wi_nearest_offer(&meant, section->name);
    }
    wi_nearest_offer(&meant, "browser.chrome");
    const char *const hint[] = {
        meant.name ? "did you mean [" : "allowed are ", meant.name ? "]?" : ""};
    wi_error_allow(
        reader_fail(reader, WI_UNKNOWN_FIELD, NULL, "there is no section [%.48s]; %s%s%s", name,
            hint[0], meant.name ? meant.name : allowed, hint[1]),
        "%s", allowed);
}

/* --- sections and values ---------------------------------------------------------------------- */

/* [a-z][a-z0-9_-]{0,30} */
static int is_instance_name(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= WI_SECTION_NAME_MAX && islower((unsigned char)name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* The one of "api", or of "browser.chrome"; NULL if there is none. */
static const struct wi_section *find_section(const char *name)
{
    for (const struct wi_section *section = wi_sections; section->name; section++) {
        size_t length = strlen(section->name);

        if (section->sample ? strncmp(name, section->name, length) == 0 && name[length] == '.'
                            : strcmp(name, section->name) == 0)
            return section;
    }
    return NULL;
}

static void enter_section(struct reader *reader, const char *name)
{
    const struct wi_section *section = find_section(name);

    reader->section = NULL;
    reader->refused = 1;
    if (!section) {
        fail_unknown_section(reader, name);
        return;
    }
    const char *instance = section->sample ? name + strlen(section->name) + 1 : NULL;
    if (instance && !is_instance_name(instance)) {
        reader_fail(reader, WI_INVALID_FIELD, NULL,
            "[%.48s] is not a valid %s section; allowed: [%s.NAME], where NAME has at most %d "
            "lowercase letters, digits, \"_\" and \"-\", and begins with a letter",
            name, section->name, section->name, WI_SECTION_NAME_MAX);
        return;
    }
    reader->section = section->name;
    reader->refused = 0;
    snprintf(reader->title, sizeof reader->title, "%s", name);
    reader->instance =
        instance ? wi_config_add_instance(reader->config, section->name, instance) : 0;
}

static void add_origin(struct reader *reader, const struct wi_setting *option)
{
    struct wi_config *config = reader->config;

    config->_origins =
        wi_realloc_array(config->_origins, config->_origin_count + 1, sizeof *config->_origins);
    config->_origins[config->_origin_count++] = (struct wi_config_origin){.option = option,
        .instance = reader->instance,
        .file = wi_strdup(reader->path),
        .line = reader->line};
}

static void set_alias(struct reader *reader, const char *name, const char *model)
{
    struct wi_error error;

    if (wi_aliases_add(&reader->config->aliases, name, model, reader->path, reader->line, &error) !=
        WI_OK)
        reader_fail(
            reader, WI_INVALID_FIELD, name, "[%s] %.48s: %s", reader->title, name, error.detail);
}

/* The line in which the same file, or the same command line, has given it already. */
static const struct wi_config_origin *earlier_origin(
    const struct reader *reader, const struct wi_setting *option)
{
    const struct wi_config_origin *origin =
        wi_config_origin(reader->config, option, reader->instance);

    return origin && strcmp(origin->file, reader->path) == 0 ? origin : NULL;
}

static void set_value(struct reader *reader, const char *key, const char *value)
{
    const struct wi_setting *option = wi_option_find(reader->section, key);
    char allowed[256];

    if (!option) {
        fail_unknown_key(reader, key);
        return;
    }
    const struct wi_config_origin *earlier = earlier_origin(reader, option);
    if (earlier && !wi_option_is_list(option)) {
        if (earlier->line > 0)
            reader_fail(reader, WI_INVALID_FIELD, key, "[%s] %s: is given twice, first in line %u",
                reader->title, key, earlier->line);
        else
            reader_fail(
                reader, WI_INVALID_FIELD, key, "[%s] %s: is given twice", reader->title, key);
        return;
    }
    void *base = wi_option_base(reader->config, option, reader->instance);
    if (wi_option_set(option, base, value, earlier != NULL) < 0) {
        wi_option_allowed(option, allowed, sizeof allowed);
        wi_error_allow(
            reader_fail(reader, WI_INVALID_FIELD, key, "[%s] %s: found \"%.80s\"; allowed: %s",
                reader->title, key, value, allowed),
            "%s", allowed);
        return;
    }
    if (!earlier)
        add_origin(reader, option);
}

/* inih's handler. Its idea of the section is cut at 49 characters: ours counts. */
static int on_value(void *context, const char *section, const char *key, const char *value)
{
    struct reader *reader = context;

    if (reader->section && strcmp(reader->section, WI_SECTION_ALIASES) == 0)
        set_alias(reader, key, value);
    else if (reader->section)
        set_value(reader, key, value);
    else if (!reader->refused)
        reader_fail(reader, WI_INVALID_FIELD, NULL, "\"%.48s\" is before the first [section]", key);
    return 1; /* the next line may have a problem of its own */
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

/* 0 if it is invalid, which is reported. */
static int check_section_line(struct reader *reader, char *line)
{
    char *end = strchr(line, ']');

    if (!end || end[1]) {
        reader_fail(reader, WI_INVALID_FIELD, NULL,
            "found \"%.80s\"; a section is \"[name]\" on a line of its own", line);
        reader->section = NULL;
        reader->refused = 1;
        return 0;
    }
    *end = '\0';
    enter_section(reader, line + 1);
    *end = ']';
    return reader->section != NULL;
}

/* The length of the key: of the letters that a key of this section may have. */
static size_t key_length(const struct reader *reader, const char *line)
{
    if (reader->section && strcmp(reader->section, WI_SECTION_ALIASES) == 0)
        return strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/");
    return strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

static int check_key_line(struct reader *reader, const char *line)
{
    size_t key = key_length(reader, line);
    const char *after = line + key + strspn(line + key, " \t");

    if (*after != '=') {
        reader_fail(reader, WI_INVALID_FIELD, NULL,
            "found \"%.80s\"; allowed are \"[section]\", \"key = value\" and lines that begin "
            "with \"#\" or \";\"",
            line);
        return 0;
    }
    if (key > WI_ALIAS_NAME_MAX) {
        reader_fail(reader, WI_INVALID_FIELD, NULL,
            "the name has %zu letters; at most %d are allowed", key, WI_ALIAS_NAME_MAX);
        return 0;
    }
    for (const char *c = line; *c; c++) {
        if ((*c == ' ' || *c == '\t' || c == after) && c[1] == ';') {
            reader_fail(reader, WI_INVALID_FIELD, NULL,
                "a value cannot begin with \";\" or contain a space and \";\"; a comment "
                "needs a line of its own");
            return 0;
        }
    }
    return 1;
}

/* The start of the line's text, or an empty text if inih need not see the line. */
static char *check_line(struct reader *reader, char *line, size_t length, size_t size)
{
    char *text = line;
    size_t end;

    if (reader->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    text += strspn(text, " \t");
    if (*text == '#' || *text == ';' || (!*text && strlen(line) == length))
        return text + strlen(text); /* a comment */
    if (length > size - 1) {
        reader_fail(reader, WI_INVALID_FIELD, NULL,
            "the line has %zu bytes; at most %zu are allowed", length, size - 1);
        return text + strlen(text);
    }
    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)line[i]) && line[i] != '\t') {
            reader_fail(reader, WI_INVALID_FIELD, NULL, "there is a control character (byte %u)",
                (unsigned char)line[i]);
            return line + strlen(line);
        }
    }
    for (end = strlen(text); end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'); end--)
        text[end - 1] = '\0';
    int good = *text == '[' ? check_section_line(reader, text) : check_key_line(reader, text);
    return good ? text : text + strlen(text);
}

/* inih's fgets: one checked line into `out`, or NULL to end. */
static char *next_line(char *out, int size, void *context)
{
    struct reader *reader = context;
    char line[1024], *text;

    /* inih needs room for the newline and the NUL. */
    size_t room = (size_t)size - 2 < sizeof line - 1 ? (size_t)size - 2 : sizeof line - 1;

    ssize_t length = read_line(reader->file, line, sizeof line);
    if (length < 0)
        return NULL;
    reader->line++;
    text = check_line(reader, line, (size_t)length, room + 1);
    snprintf(out, (size_t)size, "%s\n", text);
    return out;
}

/* Reading a pipe or a device may never end, and returns nothing when the configuration is read
 * again. /dev/null is the usual way to name no file. */
static int can_be_read_again(int fd, const char *path)
{
    struct stat info;

    return fstat(fd, &info) == 0 &&
           (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || strcmp(path, "/dev/null") == 0);
}

static void fail_to_open(const char *path, struct wi_problems *problems)
{
    wi_error_set(wi_problems_add(problems), WI_NOT_FOUND, "", "%.200s: cannot be opened: %s", path,
        strerror(errno));
}

/* NULL, and the problem is reported. A directory is detected by reading it. */
static FILE *config_open(const char *path, struct wi_problems *problems)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        fail_to_open(path, problems);
        return NULL;
    }
    if (!can_be_read_again(fd, path)) {
        wi_error_set(wi_problems_add(problems), WI_INVALID_FIELD, "",
            "%.200s: is not a regular file; on SIGHUP the configuration is read again, which is "
            "impossible from a pipe or a device",
            path);
        close(fd);
        return NULL;
    }
    FILE *file = fdopen(fd, "r");
    if (!file) {
        fail_to_open(path, problems);
        close(fd);
    }
    return file;
}

/* Reads `path` over `config`, and adds the problems of each line, with file and line. A key whose
 * value is refused keeps its default. */
static void config_read_file(
    struct wi_config *config, const char *path, struct wi_problems *problems)
{
    struct reader reader = {.config = config, .path = path, .problems = problems};

    reader.file = config_open(path, problems);
    if (!reader.file)
        return;
    errno = 0;
    int line = ini_parse_stream(next_line, &reader, on_value, &reader);
    if (ferror(reader.file))
        reader_fail(&reader, WI_INVALID_FIELD, NULL, "cannot be read: %s", strerror(errno));
    else if (line != 0 && problems->count == 0) { /* errors that inih found and we did not */
        reader.line = line > 0 ? (unsigned)line : reader.line;
        reader_fail(&reader, WI_INVALID_FIELD, NULL, "the line cannot be understood");
    }
    fclose(reader.file);
}

/* "SECTION.KEY=VALUE", which overrides the file. The section is everything before the last dot:
 * [browser.NAME] contains one itself. */
static void read_setting(
    struct wi_config *config, const char *setting, struct wi_problems *problems)
{
    struct reader reader = {.config = config, .path = SETTING, .problems = problems};
    const char *equals = strchr(setting, '=');
    const char *dot = equals ? memrchr(setting, '.', (size_t)(equals - setting)) : NULL;
    char line[1024], *key;

    if (!dot || strlen(setting) >= sizeof line) {
        reader_fail(&reader, WI_INVALID_FIELD, NULL,
            "found \"%.80s\"; a setting is SECTION.KEY=VALUE, such as pool.max_connections=2, of "
            "at most %zu bytes",
            setting, sizeof line - 1);
        return;
    }
    for (const char *c = setting; *c; c++) {
        if (iscntrl((unsigned char)*c)) {
            reader_fail(&reader, WI_INVALID_FIELD, NULL, "there is a control character (byte %u)",
                (unsigned char)*c);
            return;
        }
    }
    snprintf(line, sizeof line, "%s", setting);
    line[dot - setting] = line[equals - setting] = '\0';
    key = line + (dot + 1 - setting);
    enter_section(&reader, line);
    if (reader.section)
        on_value(&reader, line, key, line + (equals + 1 - setting));
}

struct wi_config *wi_config_load_with(
    const char *path, const struct wi_strings *settings, struct wi_problems *problems)
{
    struct wi_config *config = wi_config_new();
    size_t before = problems->count;

    if (path)
        config_read_file(config, path, problems);
    for (size_t i = 0; i < settings->count; i++)
        read_setting(config, settings->items[i], problems);
    wi_config_check(config, problems);
    if (problems->count == before)
        return config;
    wi_config_unref(config);
    return NULL;
}

struct wi_config *wi_config_load(const char *path, struct wi_problems *problems)
{
    return wi_config_load_with(path, &(struct wi_strings){0}, problems);
}
