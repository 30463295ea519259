#include "simulate/options.h"

#include "base/clock.h"
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    COUNT,    /* uint64_t */
    NUMBER,   /* double */
    DURATION, /* int64_t, milliseconds */
    TEXT,     /* const char *, of 1 to `max` bytes */
    FLAG,     /* int */
};

#define ROW(name, argument, kind, member, min, max, help)                                          \
    {                                                                                              \
        name, argument, kind, offsetof(struct sim_options, member), min, max, help                 \
    }

static const struct row {
    const char *name, *argument; /* no argument: a flag */
    enum kind kind;
    size_t offset;
    double min, max;
    const char *help; /* one sentence without its full stop */
} rows[] = {
    ROW("nodes", "N", COUNT, nodes, 1, 65536, "Number of nodes; default: 1"),
    ROW("latency-ms", "MS", NUMBER, latency_ms, 0, 3600000,
        "Time that an answer takes, in milliseconds; default: 0"),
    ROW("jitter-ms", "MS", NUMBER, jitter_ms, 0, 3600000,
        "Maximum random additional time for each answer, in milliseconds; default: 0"),
    ROW("token-ms", "MS", NUMBER, token_ms, 0, 60000,
        "Additional time for each word of a text, in milliseconds; default: 0"),
    ROW("serial", NULL, FLAG, serial, 0, 0,
        "Each node works on one request at a time, and another one waits there"),
    ROW("fail-rate", "SHARE", NUMBER, fail_rate, 0, 1,
        "Share of attempts, from 0 to 1, that fail with an error that is retried"),
    ROW("drop-rate", "SHARE", NUMBER, drop_rate, 0, 1, "Share of attempts that are never answered"),
    ROW("late-rate", "SHARE", NUMBER, late_rate, 0, 1,
        "Share of attempts that are answered only after the service has given up waiting"),
    ROW("cut-rate", "SHARE", NUMBER, cut_rate, 0, 1,
        "Share of attempts during which the connection breaks; the answer follows later"),
    ROW("duplicate-rate", "SHARE", NUMBER, duplicate_rate, 0, 1,
        "Share of attempts that are answered twice"),
    ROW("browser", "NAME", TEXT, browser, 1, 31,
        "Browser name that the nodes report; default: simulated"),
    ROW("models", "DIR", TEXT, models, 1, 4095,
        "Folder of models; a graph without a task is answered with zeros"),
    ROW("seed", "N", COUNT, seed, 0, 1e15, "Seed for the random numbers; default: 1"),
    ROW("for", "DURATION", DURATION, run_ms, 1, 0, "Stop after this time, such as 30s"),
    ROW("join-file", "FILE", TEXT, join_file, 1, 4095,
        "File whose first line is the join link; default: standard input"),
    ROW("authority", "FILE", TEXT, authority, 1, 4095,
        "PEM file with the certificate authority to trust if the link begins with https"),
    ROW("json", NULL, FLAG, json, 0, 0, "Print the events as JSON, one per line"),
    ROW("version", NULL, FLAG, version, 0, 0, "Print the version"),
    ROW("help", NULL, FLAG, help, 0, 0, "Print this help"),
};
#define ROWS (sizeof rows / sizeof *rows)

static enum wi_code option_refuse(const struct row *row, struct wi_error *error)
{
    wi_error_set(error, WI_BAD_REQUEST, "", "the value of --%s is not allowed", row->name);
    if (row->kind == DURATION)
        return wi_error_expect(error, "a duration such as 30s or 5m");
    if (row->kind == TEXT)
        return wi_error_expect(error, "%.0f to %.0f bytes", row->min, row->max);
    return wi_error_expect(error, "a number from %.0f to %.0f", row->min, row->max);
}

static enum wi_code read_number(
    const struct row *row, const char *text, void *member, struct wi_error *error)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= row->min && value <= row->max))
        return option_refuse(row, error);
    if (row->kind == COUNT)
        *(uint64_t *)member = (uint64_t)value;
    else
        *(double *)member = value;
    return WI_OK;
}

static enum wi_code read_value(
    const struct row *row, const char *text, void *member, struct wi_error *error)
{
    size_t length = text ? strlen(text) : 0;
    switch (row->kind) {
    case FLAG:
        *(int *)member = 1;
        return WI_OK;
    case TEXT:
        *(const char **)member = text;
        return length >= (size_t)row->min && length <= (size_t)row->max ? WI_OK
                                                                        : option_refuse(row, error);
    case DURATION:
        return wi_parse_duration(text, member) == 0 && *(int64_t *)member >= 1
                   ? WI_OK
                   : option_refuse(row, error);
    default:
        return read_number(row, text, member, error);
    }
}

enum wi_code wi_sim_options_read(
    struct sim_options *options, int argc, char **argv, struct wi_error *error)
{
    struct option table[ROWS + 1] = {0};
    enum wi_code code = WI_OK;
    int row = 0;
    *options =
        (struct sim_options){.nodes = 1, .seed = 1, .browser = "simulated", .join_file = "-"};
    for (size_t i = 0; i < ROWS; i++)
        table[i] = (struct option){
            rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, (int)i};
    optind = opterr = 0; /* from the beginning, quietly */
    while (
        code == WI_OK && (row = getopt_long_only(argc, argv, "", table, NULL)) >= 0 && row != '?')
        code = read_value(&rows[row], optarg, (char *)options + rows[row].offset, error);
    if (code == WI_OK && (row == '?' || optind < argc))
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "\"%.100s\" is not an option, or its value is missing; see webinfer-simulate --help",
            argv[row == '?' ? optind - 1 : optind]);
    if (code == WI_OK &&
        options->fail_rate + options->drop_rate + options->late_rate + options->cut_rate > 1)
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "the sum of --fail-rate, --drop-rate, --late-rate and --cut-rate is more than 1");
    return code;
}

void wi_sim_options_help(FILE *out)
{
    fputs("usage: webinfer token join | webinfer-simulate [OPTION]\n\n"
          "Starts simulated nodes, which compute nothing and say so, to test load and faults.\n\n",
        out);
    for (size_t i = 0; i < ROWS; i++)
        fprintf(out, "  --%-14s %-8s %s\n", rows[i].name, rows[i].argument ? rows[i].argument : "",
            rows[i].help);
}

void wi_sim_options_mdoc(FILE *out)
{
    for (size_t i = 0; i < ROWS; i++)
        fprintf(out, ".It Fl -%s%s%s\n%s.\n", rows[i].name, rows[i].argument ? " Ar " : "",
            rows[i].argument ? rows[i].argument : "", rows[i].help);
}
