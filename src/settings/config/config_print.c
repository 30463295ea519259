/* The option table written out: effective values, the sample file, and the man page's list. */
#include "settings/config/config_options.h"

#include "settings/config/mdoc.h"
#include "settings/config/private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Longer lists are printed one item per line, so that no line is too long to be read back; for the
 * same reason the spaces around "=" are omitted if key and value together are longer than
 * TIGHT_LINE. */
enum { LIST_LINE = 80, TIGHT_LINE = 150, WIDTH = 78 };

static void print_origin(const struct wi_config_origin *origin, FILE *out)
{
    if (!origin) {
        fputs("# default\n", out);
        return;
    }
    fputs("# ", out);
    for (const char *c = origin->file; *c; c++)
        fputc(iscntrl((unsigned char)*c) ? '?' : *c, out);
    if (origin->line > 0)
        fprintf(out, ":%u", origin->line);
    fputc('\n', out);
}

/* A key's line; without the spaces if they would make it too long to be read back. */
static void key_print(const char *key, const char *value, FILE *out)
{
    int tight = strlen(key) + strlen(value) > TIGHT_LINE;

    fprintf(out, "%s%s%s%s\n", key, tight ? "=" : " =", tight || !*value ? "" : " ", value);
}

/* `text` as wi_option_format gives it: the items of a list separated by newlines. */
static void print_value(const struct wi_setting *option, char *text, FILE *out)
{
    int per_line = option->kind == WI_OPTION_LINES || strlen(text) > LIST_LINE;
    char *rest = text, *item;

    if (!wi_option_is_list(option) || !*text) {
        key_print(option->key, text, out);
        return;
    }
    if (!per_line)
        fprintf(out, "%s = ", option->key);
    while ((item = strsep(&rest, "\n"))) {
        if (per_line)
            key_print(option->key, item, out);
        else
            fprintf(out, "%s%s", item, rest ? ", " : "\n");
    }
}

static void print_aliases(const struct wi_aliases *aliases, FILE *out)
{
    for (size_t i = 0; i < aliases->count; i++) {
        const struct wi_config_origin from = {
            .file = aliases->items[i].file, .line = aliases->items[i].line};

        print_origin(&from, out);
        key_print(aliases->items[i].name, aliases->items[i].model, out);
    }
}

static void print_section(
    const struct wi_config *config, const char *section, size_t instance, FILE *out)
{
    const char *name = wi_config_instance_name(config, section, instance);

    fprintf(out, "\n[%s%s%s]\n", section, name ? "." : "", name ? name : "");
    if (strcmp(section, WI_SECTION_ALIASES) == 0)
        print_aliases(&config->aliases, out);
    for (const struct wi_setting *option = wi_options; option->key; option++) {
        if (strcmp(option->section, section) != 0)
            continue;
        print_origin(wi_config_origin(config, option, instance), out);
        char *text =
            wi_option_format(option, wi_option_base((struct wi_config *)config, option, instance));
        print_value(option, text, out);
        free(text);
    }
}

void wi_config_print(const struct wi_config *config, FILE *out)
{
    fputs("# The effective configuration of webinferd; see webinferd.conf(5).\n", out);
    for (const struct wi_section *section = wi_sections; section->name; section++)
        for (size_t i = 0; i < wi_config_instances(config, section->name); i++)
            print_section(config, section->name, i, out);
}

/* --- the sample file -------------------------------------------------------------------------- */

/* Prints `text` as comment lines of at most WIDTH columns. */
static void print_comment(const char *text, FILE *out)
{
    while (*text) {
        size_t length = strlen(text);

        if (length > WIDTH - 2) {
            for (length = WIDTH - 2; length > 0 && text[length] != ' '; length--)
                ;
            if (length == 0)
                length = strcspn(text, " ");
        }
        fprintf(out, "# %.*s\n", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

void wi_config_print_sample(FILE *out)
{
    print_comment("The configuration of webinferd; see webinferd.conf(5).", out);
    fputs("#\n", out);
    print_comment("Every key is shown with its default. A comment needs a line of its own. "
                  "Durations are written as 500ms, 30s, 5m or 2h, and sizes as 64K, 64M or 1G. "
                  "\"webinferd --check-config\" checks the file, and \"webinferd --print-config\" "
                  "shows the values in effect and their origins.",
        out);
    for (const struct wi_section *section = wi_sections; section->name; section++) {
        const char *name = section->sample;

        fputc('\n', out);
        print_comment(section->help, out);
        fprintf(out, "[%s%s%s]\n", section->name, name ? "." : "", name ? name : "");
        if (section->free_key)
            fprintf(out, "\n# %s = %s\n", section->free_key, section->free_value);
        for (const struct wi_setting *option = wi_options; option->key; option++) {
            if (strcmp(option->section, section->name) != 0)
                continue;
            fputc('\n', out);
            print_comment(option->help, out);
            fprintf(out, "#%s =%s%s\n", option->key, *option->default_text ? " " : "",
                option->default_text);
        }
    }
}

/* --- the man page ----------------------------------------------------------------------------- */

/* The length of the allowed values without the example, which the page has for every kind of
 * value. */
static size_t without_example(const char *allowed)
{
    const char *example = strstr(allowed, ", such as");
    return example ? (size_t)(example - allowed) : strlen(allowed);
}

static void print_mdoc_option(const struct wi_setting *option, FILE *out)
{
    char placeholder[128], allowed[256];

    wi_option_placeholder(option, placeholder, sizeof placeholder);
    wi_option_allowed(option, allowed, sizeof allowed);
    fprintf(out, ".It Cm %s No = Ar %s\n", option->key, placeholder);
    wi_mdoc_text(option->help, out);
    if (option->kind == WI_OPTION_INTEGER || option->kind == WI_OPTION_SIZE ||
        option->kind == WI_OPTION_DURATION || (option->kind == WI_OPTION_LIST && option->names))
        fprintf(out, "Allowed: %.*s.\n", (int)without_example(allowed), allowed);
    if (*option->default_text)
        fprintf(out, "Default:\n.Ql %s .\n", option->default_text);
    else
        fputs("Default: none.\n", out);
    if (!option->reloadable)
        fputs("A change needs a restart.\n", out);
}

void wi_config_print_mdoc(FILE *out)
{
    for (const struct wi_section *section = wi_sections; section->name; section++) {
        fprintf(out, ".Ss Section %s%s\n", section->name, section->sample ? ".NAME" : "");
        wi_mdoc_text(section->help, out);
        if (section->free_key) {
            fprintf(out, ".Dl %s = %s\n", section->free_key, section->free_value);
            continue;
        }
        fputs(".Bl -tag -width Ds -compact\n", out);
        for (const struct wi_setting *option = wi_options; option->key; option++)
            if (strcmp(option->section, section->name) == 0)
                print_mdoc_option(option, out);
        fputs(".El\n", out);
    }
}
