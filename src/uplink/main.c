/* webinfer-uplink: "webinfer uplink" as a program of its own, which that command starts. */
#include "uplink/uplink.h"

#include "base/memory.h"
#include <stdlib.h>

int main(int argc, char **argv)
{
    char **words = wi_alloc(((size_t)argc + 2) * sizeof *words);

    words[0] = argc ? argv[0] : NULL;
    words[1] = (char[]){"uplink"};
    for (int i = 1; i < argc; i++)
        words[i + 1] = argv[i];
    int status = wi_cli_main(argc + 1, words, wi_uplink);
    free(words);
    return status;
}
