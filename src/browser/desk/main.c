/*
 * webinfer-desk: gives a WebDriver program what WebKitGTK's lacks: a display of its own, and a line
 * of output that says on which port it listens.
 *
 *   webinfer-desk [--display XVFB] [--] PROGRAM [ARGUMENT…]
 *
 * It runs under the lifeline helper, which ends all of this with it. Its own end is the program's
 * or the display's, whichever comes first. With --display an X server is started on a free display,
 * open only to who knows the cookie in $XDG_RUNTIME_DIR/xauthority; its number and process
 * id are noted in $XDG_RUNTIME_DIR/display, for who has to tidy up after it (browser/home.c).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_NO_EXEC 127
#define PATH_SIZE 4096
#define COOKIE_SIZE 16
#define LOOK_EVERY_MS 5
/* Beyond those that people and other programs take. */
#define FIRST_DISPLAY 1000

static int run_file(const char *name, char path[PATH_SIZE])
{
    const char *folder = getenv("XDG_RUNTIME_DIR");

    if (!folder) {
        fprintf(stderr, "webinfer-desk: XDG_RUNTIME_DIR is not set\n");
        return -1;
    }
    return snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE ? 0 : -1;
}

static int write_file(const char *name, const void *bytes, size_t size)
{
    char path[PATH_SIZE];

    if (run_file(name, path) != 0)
        return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int good = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
    if (!good)
        fprintf(stderr, "webinfer-desk: cannot write %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good ? 0 : -1;
}

/* An entry for any display (see Xsecurity(7) and Xau's format: family, then address, display, name
 * and data, each counted in two bytes). */
static int write_cookie(void)
{
    static const char head[] = "\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x10";
    char entry[sizeof head - 1 + COOKIE_SIZE], path[PATH_SIZE];

    memcpy(entry, head, sizeof head - 1);
    if (getrandom(entry + sizeof head - 1, COOKIE_SIZE, 0) != COOKIE_SIZE ||
        write_file("xauthority", entry, sizeof entry) != 0 || run_file("xauthority", path) != 0)
        return -1;
    return setenv("XAUTHORITY", path, 1);
}

/* The process id, or -1. A child never outlives this one. */
static pid_t program_start(char **arguments)
{
    pid_t self = getpid(), pid = fork();

    if (pid != 0) {
        if (pid < 0)
            fprintf(stderr, "webinfer-desk: fork: %s\n", strerror(errno));
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == self)
        execvp(arguments[0], arguments);
    fprintf(stderr, "webinfer-desk: cannot run %s: %s\n", arguments[0], strerror(errno));
    _exit(EXIT_NO_EXEC);
}

/* A line of digits, which may come in pieces; or -1. */
static int desk_read_number(int fd)
{
    char text[16] = "";
    size_t size = 0;

    while (size < sizeof text - 1 && read(fd, text + size, 1) == 1 && text[size] != '\n')
        size++;
    return size > 0 && text[size] == '\n' && strspn(text, "0123456789") == size ? atoi(text) : -1;
}

/* A display that no other server has. A server that chooses one by itself checks sockets that each
 * network has for itself, and takes another server's display in /tmp/.X11-unix, which all networks
 * share; but a process id is given only once. */
static void choose_display(char display[24])
{
    int number = FIRST_DISPLAY + (int)getpid();
    char path[64];

    do {
        snprintf(path, sizeof path, "/tmp/.X11-unix/X%d", number);
        snprintf(display, 24, ":%d", number++);
    } while (access(path, F_OK) == 0);
}

static int start_display(char *xvfb)
{
    char fd_text[16], path[PATH_SIZE], note[48], display[24];
    char *arguments[] = {xvfb, display, "-displayfd", fd_text, "-screen", "0", "1280x720x24",
        "-nolisten", "tcp", "-auth", path, NULL};
    int ends[2], number;

    choose_display(display);
    if (write_cookie() != 0 || run_file("xauthority", path) != 0 || pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    snprintf(fd_text, sizeof fd_text, "%d", ends[1]);
    pid_t pid = program_start(arguments);
    close(ends[1]);
    number = pid > 0 ? desk_read_number(ends[0]) : -1;
    close(ends[0]);
    if (number < 0) {
        /* After its own messages, because people see the last line. */
        if (pid > 0)
            waitpid(pid, NULL, 0);
        fprintf(stderr, "webinfer-desk: %s gave no display\n", xvfb);
        return -1;
    }
    snprintf(note, sizeof note, "%d %d\n", number, (int)pid);
    setenv("DISPLAY", display, 1);
    return write_file("display", note, strlen(note));
}

/* --- the port -------------------------------------------------------------------------------- */

static int holds_socket(pid_t pid, unsigned long inode)
{
    char path[64], wanted[64], target[64];
    const struct dirent *entry;
    int found = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *folder = opendir(path);
    while (folder && !found && (entry = readdir(folder))) {
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (size > 0) {
            target[size] = '\0';
            found = strcmp(target, wanted) == 0;
        }
    }
    if (folder)
        closedir(folder);
    return found;
}

/* The port on which the process listens at 127.0.0.1, or 0. See proc(5), /proc/net/tcp. */
static unsigned listening_port(pid_t pid)
{
    FILE *file = fopen("/proc/net/tcp", "re");
    unsigned address, port, state, found = 0;
    unsigned long inode;
    char line[256];

    while (file && !found && fgets(line, sizeof line, file))
        if (sscanf(line, "%*s %8x:%4x %*s %2x %*s %*s %*s %*s %*s %lu", &address, &port, &state,
                &inode) == 4 &&
            state == 0x0a && (address & 0xff) == 127 && holds_socket(pid, inode))
            found = port;
    if (file)
        fclose(file);
    return found;
}

/* Waits for the first child to end, meanwhile looking for the program's port. */
static int program_attend(pid_t program)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    unsigned port = 0;
    int status;
    pid_t pid;

    while (!port) {
        pid = waitpid(-1, &status, WNOHANG);
        if (pid != 0)
            break;
        port = listening_port(program);
        if (!port)
            nanosleep(&pause, NULL);
    }
    if (port) {
        printf("webinfer-desk: listening on port %u\n", port);
        fflush(stdout);
        pid = waitpid(-1, &status, 0);
    }
    if (pid != program) {
        fprintf(stderr, "webinfer-desk: the display ended\n");
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    char **arguments = argv + 1;
    char *xvfb = NULL;

    if (argc > 2 && strcmp(arguments[0], "--display") == 0) {
        xvfb = arguments[1];
        arguments += 2;
    }
    if (arguments[0] && strcmp(arguments[0], "--") == 0)
        arguments++;
    if (!arguments[0]) {
        fprintf(stderr, "usage: webinfer-desk [--display XVFB] [--] PROGRAM [ARGUMENT...]\n");
        return EXIT_USAGE;
    }
    if (xvfb && start_display(xvfb) != 0)
        return EXIT_USAGE;
    pid_t program = program_start(arguments);
    return program > 0 ? program_attend(program) : EXIT_USAGE;
}
