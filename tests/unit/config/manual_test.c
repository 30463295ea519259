/* That the option list in webinferd.conf(5) is the one which the table makes. */
#include "../test.h"

#include "base/memory.h"
#include "config/config.h"
#include <stdlib.h>
#include <string.h>

TEST(the_man_page_has_the_fresh_list)
{
    const char *root = getenv("srcdir");
    char *path = wi_sprintf("%s/man/webinferd.conf.5", root ? root : "."), *fresh = NULL;
    char page[65536];
    size_t size;
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing", path);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    file = open_memstream(&fresh, &size);
    wi_config_print_mdoc(file);
    fclose(file);
    if (!strstr(page, fresh))
        fail_msg("put the output of `webinferd --print-mdoc` under OPTIONS in %s", path);
    free(fresh);
    free(path);
}
