/* Reading the kernel's small files; see proc_text.h. */
#include "browser/proc_text.h"

#include <fcntl.h>
#include <unistd.h>

ssize_t wi_proc_text(int folder, const char *path, char *text, size_t room)
{
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t size = read(file, text, room - 1);
    close(file);
    if (size <= 0)
        return -1;
    text[size] = '\0';
    return size;
}
