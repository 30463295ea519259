/* See whole_file.h. */
#include "cli/whole_file.h"

#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum wi_code fail(const struct wi_whole_file *file, const char *what, struct wi_error *error)
{
    const char *name = file->_temporary ? file->path : "standard output";
    return wi_error_set(error, WI_BAD_REQUEST, "", "%s %s: %s", name, what, strerror(errno));
}

static enum wi_code begin_standard(struct wi_whole_file *file, struct wi_error *error)
{
    if (isatty(STDOUT_FILENO))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "standard output is a terminal, which shows no such file; name a file, or a program "
            "with |");
    file->out = stdout;
    return WI_OK;
}

/* The permissions that a new file gets; there is no other way to ask for them. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static FILE *open_temporary(char *path)
{
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *out = fd >= 0 && fchmod(fd, usual_mode()) == 0 ? fdopen(fd, "w") : NULL;
    if (!out && fd >= 0) {
        close(fd);
        unlink(path);
    }
    return out;
}

enum wi_code wi_whole_file_begin(
    struct wi_whole_file *file, const char *path, struct wi_error *error)
{
    struct stat status;
    *file = (struct wi_whole_file){.path = path};
    if (strcmp(path, "-") == 0)
        return begin_standard(file, error);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "%s is no plain file; - is standard output", path);
    file->_temporary = wi_sprintf("%s.XXXXXX", path);
    file->out = open_temporary(file->_temporary);
    if (file->out)
        return WI_OK;
    enum wi_code code = fail(file, "cannot be written", error);
    free(file->_temporary);
    file->_temporary = NULL;
    return code;
}

enum wi_code wi_whole_file_end(struct wi_whole_file *file, struct wi_error *error)
{
    int written = !ferror(file->out) && fflush(file->out) == 0;
    if (written && file->_temporary)
        written = fsync(fileno(file->out)) == 0 && rename(file->_temporary, file->path) == 0;
    if (!written) {
        enum wi_code code = fail(file, "cannot be written", error);
        wi_whole_file_drop(file);
        return code;
    }
    if (file->_temporary)
        fclose(file->out);
    free(file->_temporary);
    *file = (struct wi_whole_file){.path = file->path};
    return WI_OK;
}

void wi_whole_file_drop(struct wi_whole_file *file)
{
    if (file->_temporary) {
        fclose(file->out);
        unlink(file->_temporary);
    }
    free(file->_temporary);
    *file = (struct wi_whole_file){.path = file->path};
}
