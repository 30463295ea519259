/* Collects, prints and judges the results of the checks, in their order. */
#include "cli/commands/doctor/doctor.h"

#include "cli/text_table.h"
#include <stdarg.h>
#include <stdio.h>

static const char *const finding_names[] = {"ok", "info", "warning", "missing"};

void wi_doctor_add(
    json_t *checks, const char *check, enum wi_finding state, const char *format, ...)
{
    char detail[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    json_t *finding = json_pack(
        "{s:s, s:s, s:s}", "check", check, "state", finding_names[state], "detail", detail);
    if (finding) /* a path that is not UTF-8 makes none */
        json_array_append_new(checks, finding);
}

void wi_doctor_print(const json_t *checks)
{
    static const struct wi_column columns[] = {
        {"STATE", "state", NULL}, {"CHECK", "check", NULL}, {"FOUND", "detail", NULL}, {0}};

    wi_table_print("", columns, checks, NULL);
}

enum wi_exit wi_doctor_verdict(const json_t *checks)
{
    return wi_json_find(checks, "state", finding_names[WI_FINDING_MISSING]) ? WI_EXIT_FAILED
                                                                            : WI_EXIT_OK;
}
